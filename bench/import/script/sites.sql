-- Sites and parcels with their geometry, a no-take status each, and their countries and sources.
begin;
set local search_path = next, public;
set local work_mem = '256MB';
set local jit = off;

-- A site has parcels when a pid of it contains "_"; the first of those stands for the site, a point's before a polygon's.
create temp table resolved as
with placed as (
  select row_no, bool_or(strpos(site_pid, '_') > 0) over (partition by site_id) as is_parcel,
         row_number() over (partition by site_id order by strpos(site_pid, '_') > 0 desc,
           (view = 'points') = (strpos(site_pid, '_') > 0) desc, site_pid) = 1 as is_site
  from incoming
)
select i.*, p.is_parcel, p.is_site, legal_statuses.id as legal_status_id, iucn_categories.id as iucn_category_id,
       governances.id as governance_id, management_authorities.id as management_authority_id,
       designations.id as designation_id, realms.id as realm_id,
       row_number() over (partition by p.is_site order by i.row_no) as site_no,
       row_number() over (partition by p.is_parcel order by i.row_no) as parcel_no
from incoming i
join placed p using (row_no)
left join legal_statuses on legal_statuses.name = i.status
left join iucn_categories on iucn_categories.name = i.iucn_cat
left join governances on governances.name = i.gov_type
left join management_authorities on management_authorities.name = i.mang_auth
left join realms on realms.name = i.realm
left join jurisdictions on jurisdictions.name = i.desig_type
left join designations on designations.name = i.desig_eng and designations.jurisdiction_id is not distinct from jurisdictions.id
where p.is_site or p.is_parcel;
analyze resolved;

-- The sites' statuses first; those of the parcels are numbered on from there.
insert into no_take_statuses
select site_no, no_take, no_tk_area, now(), now() from resolved where is_site
union all
select (select max(site_no) from resolved) + parcel_no, no_take, no_tk_area, now(), now() from resolved where is_parcel;

insert into protected_areas
select site_no, site_id, site_pid, site_id, site_pid, name_eng, name, catalog_slug(concat_ws(' ', site_id, name_eng, desig_eng)),
       coalesce(lower(realm) in ('coastal', 'marine'), false),
       case lower(realm) when 'coastal' then 1 when 'marine' then 2 else 0 end, lower(site_type) = 'oecm', site_type,
       rep_m_area, rep_area, gis_m_area, gis_area, prnt_iso3, legal_status_id,
       case when status_yr > 0 then make_date(status_yr, 1, 1) end, iucn_category_id, governance_id, govsubtype,
       management_authority_id, mang_plan, site_no, designation_id, realm_id, own_type, ownsubtype, inlnd_wtrs, oecm_asmt,
       int_crit, supp_info, cons_obj, verif, null, false, false, false, geom, st_x(centroid), st_y(centroid), now(), now()
from (
  select r.*, shape.geom, st_centroid(shape.geom) as centroid
  from resolved r
  join (select site_id, site_pid, wkb_geometry as geom from staging_portal_standard_points
        union all
        select site_id, site_pid, wkb_geometry from staging_portal_standard_polygons g
        where not exists (select from staging_portal_standard_points p where p.site_id = g.site_id and p.site_pid = g.site_pid)
       ) shape using (site_id, site_pid)
  where r.is_site
  offset 0 -- a centroid is computed once, not once for x and once for y
) shaped;

insert into protected_area_parcels
select parcel_no, site_id, site_pid, site_id, site_pid, name_eng, name,
       catalog_slug(concat_ws(' ', site_id, site_pid, name_eng, desig_eng)),
       coalesce(lower(realm) in ('coastal', 'marine'), false),
       case lower(realm) when 'coastal' then 1 when 'marine' then 2 else 0 end, lower(site_type) = 'oecm', site_type,
       rep_m_area, rep_area, gis_m_area, gis_area, prnt_iso3, legal_status_id,
       case when status_yr > 0 then make_date(status_yr, 1, 1) end, iucn_category_id, governance_id, govsubtype,
       management_authority_id, mang_plan, last_site_no + parcel_no, designation_id, realm_id, own_type, ownsubtype,
       inlnd_wtrs, oecm_asmt, int_crit, supp_info, cons_obj, verif, null, false, false, false, geom, st_x(centroid),
       st_y(centroid), now(), now()
from (
  select r.*, shape.geom, st_centroid(shape.geom) as centroid, (select max(site_no) from resolved) as last_site_no
  from resolved r
  join (select site_id, site_pid, wkb_geometry as geom from staging_portal_standard_points
        union all
        select site_id, site_pid, wkb_geometry from staging_portal_standard_polygons g
        where not exists (select from staging_portal_standard_points p where p.site_id = g.site_id and p.site_pid = g.site_pid)
       ) shape using (site_id, site_pid)
  where r.is_parcel
  offset 0
) shaped;

create temp table codes as
select r.is_site, r.is_parcel, r.site_no, r.parcel_no, c.id as country_id
from resolved r
cross join lateral (select distinct trim(part) as iso_3 from unnest(string_to_array(r.iso3, ';')) part) code
join (select iso_3, min(id) as id from countries group by iso_3) c using (iso_3);
insert into countries_protected_areas select country_id, site_no from codes where is_site;
insert into countries_protected_area_parcels select country_id, parcel_no from codes where is_parcel;

create temp table source_of as
select r.is_site, r.is_parcel, r.site_no, r.parcel_no, s.id as source_id
from resolved r join (select metadataid, min(id) as id from sources group by metadataid) s using (metadataid);
insert into protected_areas_sources select site_no, source_id from source_of where is_site;
insert into protected_area_parcels_sources select parcel_no, source_id from source_of where is_parcel;
commit;
analyze next.protected_areas, next.protected_area_parcels;
