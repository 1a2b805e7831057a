-- Green List, and the evaluations of management effectiveness with their sources, methods and countries.
begin;
set local search_path = next, public;
set local work_mem = '256MB';
set local jit = off;

create temp table certified as
select row_number() over (order by g.id) as id, g.gl_status, catalog_expiry(g.gl_expiry) as gl_expiry, g.gl_link,
       parcel.id as parcel_id, site.id as area_id
from staging_portal_standard_greenlist g
left join protected_area_parcels parcel on parcel.site_id = g.site_id and parcel.site_pid = coalesce(nullif(trim(g.site_pid), ''), g.site_id::text)
left join protected_areas site on site.site_id = g.site_id and parcel.id is null
where coalesce(parcel.id, site.id) is not null;
insert into green_list_statuses select id, gl_status, gl_expiry, gl_link, now(), now() from certified;
update protected_areas a set green_list_status_id = c.id
from (select area_id, max(id) as id from certified group by area_id) c where c.area_id = a.id;
update protected_area_parcels a set green_list_status_id = c.id
from (select parcel_id, max(id) as id from certified group by parcel_id) c where c.parcel_id = a.id;

insert into pame_sources
select distinct on (eff_metaid) eff_metaid, data_title, resp_party, language, year, now(), now()
from staging_portal_standard_pame_sources where eff_metaid is not null order by eff_metaid, id;
insert into pame_methods
select row_number() over (order by name), name, now(), now()
from (select distinct method as name from staging_portal_standard_pame where trim(method) <> '') names;

create temp table evaluations as
select row_number() over (order by e.asmt_id, e.id) as evaluation_id, e.*, m.id as method_id, s.id as source_id,
       site.id as area_id, parcel.id as parcel_id, coalesce(parcel.name, site.name, '') as target_name
from staging_portal_standard_pame e
join pame_methods m on m.name = e.method
left join pame_sources s on s.id = e.eff_metaid
left join protected_area_parcels parcel on parcel.site_id = e.site_id and parcel.site_pid = coalesce(nullif(trim(e.site_pid), ''), e.site_id::text)
left join protected_areas site on site.site_id = e.site_id and parcel.id is null
where coalesce(parcel.id, site.id) is not null;
analyze evaluations;

insert into pame_evaluations (
  id, protected_area_id, protected_area_parcel_id, pame_source_id, pame_method_id, asmt_id, asmt_year, submit_year, site_id,
  site_pid, name, asmt_url, eff_metaid, method, verif_eff, info_url, gov_act, gov_asmt, dp_bio, dp_other, mgmt_obset,
  mgmt_obman, mgmt_adapt, mgmt_staff, mgmt_budgt, mgmt_thrts, mgmt_mon, out_bio, created_at, updated_at)
select evaluation_id, area_id, parcel_id, source_id, method_id, asmt_id, asmt_year, submityear, site_id, site_pid, target_name,
       coalesce(asmt_url, ''), coalesce(eff_metaid, -1), method, verif_eff, info_url, gov_act, gov_asmt, dp_bio, dp_other,
       mgmt_obset, mgmt_obman, mgmt_adapt, mgmt_staff, mgmt_budgt, mgmt_thrts, mgmt_mon, out_bio, now(), now()
from evaluations;

insert into countries_pame_evaluations
select distinct c.country_id, e.evaluation_id from evaluations e join countries_protected_areas c on c.protected_area_id = e.area_id
union
select distinct c.country_id, e.evaluation_id
from evaluations e join countries_protected_area_parcels c on c.protected_area_parcel_id = e.parcel_id;
commit;
