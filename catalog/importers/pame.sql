-- Management-effectiveness evaluations, of a parcel where there is one with that key, else of the site.

-- step: read evaluations and find what they evaluate
-- A sample takes records of the sites that are in it: the others would be set aside for want of a site, and say nothing of the data.
create temp table chosen on commit drop as
select id
from staging_portal_standard_pame
where not (select pp_release.is_sample())
   or site_id in (select site_id from staging_portal_standard_polygons where ogc_fid <= pp_release.sample()
                  union select site_id from staging_portal_standard_points where ogc_fid <= pp_release.sample())
order by id limit pp_release.sample();

-- The parcel with exactly the record's parcel_id; where there is none, one whose parcel_id differs only in spaces at its ends. A
-- record without a parcel_id means the parcel that has the number of the site.
create temp table targets on commit drop as
select distinct on (e.id) e.id, parcel.id as parcel_id, parcel.name
from staging_portal_standard_pame e
cross join lateral (select coalesce(nullif(trim(e.site_pid), ''), e.site_id::text) as pid) meant
join staging_protected_area_parcels parcel on parcel.site_id = e.site_id and trim(parcel.site_pid) = meant.pid
where e.id in (select id from chosen)
order by e.id, coalesce(parcel.site_pid = e.site_pid, false) desc, parcel.site_pid = meant.pid desc, parcel.id;

-- An evaluation without a parcel_id shows the number of the site, as in the old system; another shows its own, spaces and all.
create temp table evaluations on commit drop as
select e.*, site.id as protected_area_id, parcel.parcel_id as protected_area_parcel_id,
       coalesce(parcel.name, site.name, '') as target_name,
       case when trim(e.site_pid) <> '' then e.site_pid else e.site_id::text end as target_pid
from staging_portal_standard_pame e
left join targets parcel using (id)
left join staging_protected_areas site on site.site_id = e.site_id and parcel.parcel_id is null
where e.id in (select id from chosen);

-- The portal's numbers are wider than the columns of the release.
with judged as (
  select id,
         case when coalesce(trim(method), '') = '' then 'no method'
              when asmt_id not between -2147483648 and 2147483647 then 'asmt_id is too large for its column'
              when eff_metaid not between -2147483648 and 2147483647 then 'eff_metaid is too large for its column'
              when protected_area_id is null and protected_area_parcel_id is null then 'no such site or parcel in this release'
         end as reason
  from evaluations
),
rejected as (
  delete from evaluations e using judged j where j.id = e.id and j.reason is not null returning e.*, j.reason
)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'pame', reason, 'assessment ' || coalesce(asmt_id::text, 'without id, portal row ' || id),
       jsonb_build_object('site_id', site_id, 'site_pid', site_pid)
         || case when reason ~ '^eff_metaid' then jsonb_build_object('eff_metaid', eff_metaid) else '{}' end
from rejected;

-- step: add new methods
insert into staging_pame_methods (id, name, created_at, updated_at)
select (select pp_release.highest_id('pame_methods')) + row_number() over (order by name), name,
       pp_release.started_at(), pp_release.started_at()
from (select distinct method as name from evaluations) new_names
where not exists (select from staging_pame_methods known where known.name = new_names.name);

-- step: write evaluations
-- asmt_id may be missing, or come twice: the nth of one keeps the id that the nth has in live.
create temp table numbered on commit drop as
select e.*, live.id as live_id,
       coalesce(live.id, (select pp_release.highest_id('pame_evaluations'))
         + row_number() over (partition by live.id is null order by e.asmt_id, e.nth)) as evaluation_id
from (
  select *, coalesce(asmt_id, -1) as key, row_number() over (partition by coalesce(asmt_id, -1) order by id) as nth
  from evaluations
) e
left join (
  select id, coalesce(asmt_id, -1) as key, row_number() over (partition by coalesce(asmt_id, -1) order by id) as nth
  from pame_evaluations
) live using (key, nth);

insert into staging_pame_evaluations (
  id, protected_area_id, protected_area_parcel_id, pame_source_id, pame_method_id, asmt_id, asmt_year, submit_year,
  site_id, site_pid, name, asmt_url, eff_metaid,
  method, verif_eff, info_url, gov_act, gov_asmt, dp_bio, dp_other, mgmt_obset, mgmt_obman, mgmt_adapt, mgmt_staff,
  mgmt_budgt, mgmt_thrts, mgmt_mon, out_bio,
  created_at, updated_at
)
select
  n.evaluation_id, n.protected_area_id, n.protected_area_parcel_id, source.id, method.id, n.asmt_id, n.asmt_year,
  n.submityear, n.site_id, n.target_pid, n.target_name, coalesce(n.asmt_url, ''), coalesce(n.eff_metaid, -1),
  n.method, n.verif_eff, n.info_url, n.gov_act, n.gov_asmt, n.dp_bio, n.dp_other, n.mgmt_obset, n.mgmt_obman,
  n.mgmt_adapt, n.mgmt_staff, n.mgmt_budgt, n.mgmt_thrts, n.mgmt_mon, n.out_bio,
  coalesce(live.created_at, pp_release.started_at()),
  case when live.id is not null and (
    n.protected_area_id, n.protected_area_parcel_id, source.id, method.id, n.asmt_year, n.submityear, n.site_id::int4,
    n.target_pid::varchar, n.target_name::varchar, coalesce(n.asmt_url, ''), coalesce(n.eff_metaid, -1)::int4,
    n.method::varchar, n.verif_eff::varchar, n.info_url::varchar, n.gov_act::varchar, n.gov_asmt::varchar,
    n.dp_bio::varchar, n.dp_other::varchar, n.mgmt_obset::varchar, n.mgmt_obman::varchar, n.mgmt_adapt::varchar,
    n.mgmt_staff::varchar, n.mgmt_budgt::varchar, n.mgmt_thrts::varchar, n.mgmt_mon::varchar, n.out_bio::varchar
  ) is not distinct from (
    live.protected_area_id, live.protected_area_parcel_id, live.pame_source_id, live.pame_method_id, live.asmt_year,
    live.submit_year, live.site_id, live.site_pid, live.name, live.asmt_url, live.eff_metaid,
    live.method, live.verif_eff, live.info_url, live.gov_act, live.gov_asmt, live.dp_bio, live.dp_other,
    live.mgmt_obset, live.mgmt_obman, live.mgmt_adapt, live.mgmt_staff, live.mgmt_budgt, live.mgmt_thrts,
    live.mgmt_mon, live.out_bio
  ) then live.updated_at else pp_release.started_at() end
from numbered n
left join pame_evaluations live on live.id = n.live_id
left join staging_pame_sources source on source.id = n.eff_metaid
join staging_pame_methods method on method.name = n.method
order by n.evaluation_id;

-- step: join evaluations to the countries of what they evaluate
insert into staging_countries_pame_evaluations (country_id, pame_evaluation_id)
select distinct country_id, evaluation_id
from (
  select c.country_id, n.evaluation_id
  from numbered n join staging_countries_protected_areas c using (protected_area_id)
  union all
  select c.country_id, n.evaluation_id
  from numbered n join staging_countries_protected_area_parcels c using (protected_area_parcel_id)
) joined
order by evaluation_id, country_id;
