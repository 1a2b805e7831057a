-- Sites and parcels, their lookups and their junctions, from the published polygons and points.
-- Everything is a set: the rows never leave the database. Ids are those of live where the key is known there; a new row
-- is numbered in key order above the highest id that any kept generation uses.

-- step: read the published rows (attributes only; the geometry joins at the end)
create temp table incoming on commit drop as
select row_number() over (order by site_id, site_pid, view desc) as row_no, published.*
from (
  select 'polygons' as view, site_id, site_pid::text collate "default" as site_pid,
         site_type, name_eng, name, desig_eng, desig_type, iucn_cat, int_crit, catalog_trim(realm) as realm, rep_m_area,
         gis_m_area, rep_area, gis_area, no_take, no_tk_area, status, status_yr, gov_type, govsubtype, own_type, ownsubtype,
         mang_auth, mang_plan, verif, metadataid, prnt_iso3, iso3, supp_info, cons_obj, inlnd_wtrs, oecm_asmt
  from staging_portal_standard_polygons
  where ogc_fid <= pp_release.sample()
  union all
  select 'points', site_id, site_pid::text,
         site_type, name_eng, name, desig_eng, desig_type, iucn_cat, int_crit, catalog_trim(realm), rep_m_area,
         null::float8 as gis_m_area, rep_area, null::float8 as gis_area, no_take, no_tk_area, status, status_yr,
         gov_type, govsubtype, own_type, ownsubtype, mang_auth, mang_plan, verif, metadataid, prnt_iso3, iso3,
         supp_info, cons_obj, inlnd_wtrs, oecm_asmt
  from staging_portal_standard_points
  where ogc_fid <= pp_release.sample()
) published;

-- step: tell single sites from sites with parcels
-- A site has parcels when any of its pids contains "_", that of a row which is set aside below too: the others are parcels all
-- the same. The parcel that stands for the whole site is the first of those that are published, a point's before a polygon's:
-- the first by text in the collation of this database, whatever collation the portal's column has, as in the old system.
create temp table sites on commit drop as
select
  site_id,
  bool_or(strpos(site_pid, '_') > 0) as has_parcels,
  coalesce(
    min(site_pid) filter (where site_type is not null and strpos(site_pid, '_') > 0 and view = 'points'),
    min(site_pid) filter (where site_type is not null and strpos(site_pid, '_') > 0),
    min(site_pid) filter (where site_type is not null and view = 'polygons'),
    min(site_pid) filter (where site_type is not null)
  ) as representative
from incoming
group by site_id
having count(site_type) > 0;

-- A row without a site type says neither PA nor OECM: it cannot be published.
with rejected as (delete from incoming where site_type is null returning site_id, site_pid, view)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'no site type: neither PA nor OECM',
       concat_ws('/', site_id, site_pid), jsonb_build_object('view', view)
from rejected;

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select distinct pp_release.release_id(), 'protected_areas', 'an area that is no number of km²: published without it',
       concat_ws('/', i.site_id, i.site_pid), jsonb_build_object('column', u.column_name, 'value', left(u.value, 50))
from pp_release.unusable_values u
join incoming i on i.site_id = u.site_id and i.site_pid = left(u.site_pid, 52)
where i.view = 'polygons' or u.column_name not in ('gis_area', 'gis_marine_area');
analyze incoming (row_no, site_id, site_pid), sites;

-- One key in both views keeps the polygon's attributes and the point's geometry (the polygon's, if the point has none);
-- a second plain pid of a site without parcels has no place of its own.
create temp table placed on commit drop as
select
  i.row_no,
  s.has_parcels and duplicate_no = 1 as is_parcel,
  i.site_pid is not distinct from s.representative and duplicate_no = 1 as is_site,
  last_view as geometry_from
from (
  select row_no, site_id, site_pid,
         row_number() over same_key as duplicate_no,
         last_value(view) over same_key as last_view
  from incoming
  window same_key as (partition by site_id, site_pid order by (view = 'points')
                      rows between unbounded preceding and unbounded following)
) i
join sites s using (site_id);

with rejected as (delete from placed where not is_parcel and not is_site returning row_no)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas',
       case when i.view = 'points' and exists (
              select from incoming other
              where other.site_id = i.site_id and other.site_pid = i.site_pid and other.view = 'polygons')
            then 'the same key is in polygons and points: attributes of the polygon, geometry of the point are used'
            else 'a second parcel without "_" in its id: only one row of such a site can be published' end,
       concat_ws('/', i.site_id, i.site_pid), jsonb_build_object('view', i.view)
from rejected join incoming i using (row_no);
analyze placed;

-- step: add new lookup values
-- NULL, an empty text and one of spaces are no value, and add no row. Where the old system has left a lookup row without a name in
-- live, that row stands for them as before: the website's pages were written for sites that always have a designation.
insert into staging_legal_statuses (id, name, created_at, updated_at)
select (select pp_release.highest_id('legal_statuses')) + row_number() over (order by name), name, pp_release.started_at(), pp_release.started_at()
from (select distinct status as name from incoming where trim(status) <> '') new_names
where not exists (select from staging_legal_statuses known where known.name = new_names.name);

insert into staging_iucn_categories (id, name, created_at, updated_at)
select (select pp_release.highest_id('iucn_categories')) + row_number() over (order by name), name, pp_release.started_at(), pp_release.started_at()
from (select distinct iucn_cat as name from incoming where trim(iucn_cat) <> '') new_names
where not exists (select from staging_iucn_categories known where known.name = new_names.name);

insert into staging_management_authorities (id, name, created_at, updated_at)
select (select pp_release.highest_id('management_authorities')) + row_number() over (order by name), name, pp_release.started_at(), pp_release.started_at()
from (select distinct mang_auth as name from incoming where trim(mang_auth) <> '') new_names
where not exists (select from staging_management_authorities known where known.name = new_names.name);

insert into staging_realms (id, name, created_at, updated_at)
select (select pp_release.highest_id('realms')) + row_number() over (order by name), name, pp_release.started_at(), pp_release.started_at()
from (select distinct realm as name from incoming where lower(realm) in ('terrestrial', 'coastal', 'marine')) new_names
where not exists (select from staging_realms known where catalog_trim(known.name) = new_names.name);

insert into staging_governances (id, name, governance_type, created_at, updated_at)
select (select pp_release.highest_id('governances')) + row_number() over (order by name), name, letter,
       pp_release.started_at(), pp_release.started_at()
from (select distinct gov_type as name from incoming where trim(gov_type) <> '') new_names
left join (values
  ('Federal or national ministry or agency', 'A'), ('Sub-national ministry or agency', 'A'),
  ('Government-delegated management', 'A'), ('Collaborative governance', 'B'), ('Joint governance', 'B'),
  ('Transboundary governance', 'B'), ('Individual landowners', 'C'), ('Non-profit organisations', 'C'),
  ('For-profit organisations', 'C'), ('Indigenous peoples', 'D'), ('Local communities', 'D')
) letters (name, letter) using (name)
where not exists (select from staging_governances known where known.name = new_names.name);

insert into staging_jurisdictions (id, name, created_at, updated_at)
select (select pp_release.highest_id('jurisdictions')) + row_number() over (order by name), name, pp_release.started_at(), pp_release.started_at()
from (select distinct desig_type as name from incoming where trim(desig_type) <> '') new_names
where not exists (select from staging_jurisdictions known where known.name = new_names.name);

-- The row of a name is the one with the lowest id; of those without a name an empty one comes before one of spaces. A designation
-- is looked for in its jurisdiction, under a key that is 0 where there is none, or one without a name: the old system has left such a
-- row, and in it designations that would come twice otherwise. Where live has a designation without a name, it is one row in each
-- jurisdiction like any other: to take the row of another jurisdiction would say something of the site that is not so.
create temp table jurisdiction_names on commit drop as
select distinct on (catalog_name(j.name)) catalog_name(j.name) as name, j.id, case when trim(j.name) <> '' then j.id else 0 end as key
from staging_jurisdictions j where j.name is not null order by catalog_name(j.name), j.name, j.id;

create temp table designation_names on commit drop as
select distinct on (catalog_name(d.name), level.key) catalog_name(d.name) as name, level.key as jurisdiction_key, d.id
from staging_designations d
left join staging_jurisdictions j on j.id = d.jurisdiction_id
cross join lateral (select case when trim(j.name) = '' then 0 else coalesce(d.jurisdiction_id, 0) end as key) level
where d.name is not null order by catalog_name(d.name), level.key, d.name, d.id;

with added as (
  insert into staging_designations (id, name, jurisdiction_id, created_at, updated_at)
  select (select pp_release.highest_id('designations')) + row_number() over (order by name, jurisdiction_id), name, jurisdiction_id,
         pp_release.started_at(), pp_release.started_at()
  from (
    select distinct i.name, jurisdiction.id as jurisdiction_id, coalesce(jurisdiction.key, 0) as jurisdiction_key
    from (select distinct catalog_name(desig_eng) as name, catalog_name(desig_type) as level from incoming) i
    left join jurisdiction_names jurisdiction on jurisdiction.name = i.level
    where i.name <> '' or exists (select from staging_designations known where trim(known.name) = '')
  ) new_designations
  where not exists (
    select from designation_names known
    where known.name = new_designations.name and known.jurisdiction_key = new_designations.jurisdiction_key
  )
  returning id, name, jurisdiction_id
)
insert into designation_names
select added.name, coalesce(level.key, 0), added.id
from added left join jurisdiction_names level on level.id = added.jurisdiction_id;

-- step: resolve attributes
create temp table resolved on commit drop as
with
legal_status as (select name, min(id) as id from staging_legal_statuses where trim(name) <> '' group by name),
iucn_category as (select name, min(id) as id from staging_iucn_categories where trim(name) <> '' group by name),
authority as (select name, min(id) as id from staging_management_authorities where trim(name) <> '' group by name),
governance as (select name, min(id) as id from staging_governances where trim(name) <> '' group by name),
realm as (
  select distinct on (catalog_trim(name)) catalog_trim(name) as name, id
  from staging_realms where catalog_trim(name) <> '' order by catalog_trim(name), name <> catalog_trim(name), id
),
-- Every text that says something has its row by now: what finds none says nothing.
nameless as (
  select (select id from staging_legal_statuses where trim(name) = '' order by name, id limit 1) as legal_status_id,
         (select id from staging_iucn_categories where trim(name) = '' order by name, id limit 1) as iucn_category_id,
         (select id from staging_management_authorities where trim(name) = '' order by name, id limit 1) as authority_id,
         (select id from staging_governances where trim(name) = '' order by name, id limit 1) as governance_id
),
nameless_designation as (select jurisdiction_key, id from designation_names where name = '')
select
  i.row_no, p.is_parcel, p.is_site, p.geometry_from, i.metadataid, i.iso3, i.no_take, i.no_tk_area, i.status_yr, i.realm,
  i.site_id, i.site_pid, i.site_id as wdpa_id, i.site_pid as wdpa_pid,
  i.name_eng as name, i.name as original_name, i.desig_eng,
  coalesce(lower(i.realm) in ('coastal', 'marine'), false) as marine,
  case lower(i.realm) when 'coastal' then 1 when 'marine' then 2 else 0 end as marine_type,
  lower(i.site_type) = 'oecm' as is_oecm,
  i.site_type::varchar as site_type,
  i.rep_m_area::numeric as reported_marine_area, i.rep_area::numeric as reported_area,
  i.gis_m_area::numeric as gis_marine_area, i.gis_area::numeric as gis_area,
  i.prnt_iso3::varchar as parent_iso3,
  coalesce(legal_status.id, nameless.legal_status_id) as legal_status_id,
  case when i.status_yr between 1 and 99999 then make_date(i.status_yr, 1, 1)::timestamp end as legal_status_updated_at,
  coalesce(iucn_category.id, nameless.iucn_category_id) as iucn_category_id,
  coalesce(governance.id, nameless.governance_id) as governance_id,
  i.govsubtype::varchar as governance_subtype,
  coalesce(authority.id, nameless.authority_id) as management_authority_id,
  i.mang_plan as management_plan,
  coalesce(designation.id, (
    select id from nameless_designation none where none.jurisdiction_key = coalesce(jurisdiction.key, 0)
  )) as designation_id,
  realm.id as realm_id,
  i.own_type as owner_type,
  i.ownsubtype::varchar as ownership_subtype,
  i.inlnd_wtrs::varchar as inland_waters,
  i.oecm_asmt::varchar as oecm_assessment,
  i.int_crit::varchar as international_criteria,
  i.supp_info::varchar as supplementary_info,
  i.cons_obj::varchar as conservation_objectives,
  i.verif::varchar as verif
from incoming i
join placed p using (row_no)
cross join nameless
left join legal_status on legal_status.name = i.status
left join iucn_category on iucn_category.name = i.iucn_cat
left join authority on authority.name = i.mang_auth
left join governance on governance.name = i.gov_type
left join realm on realm.name = i.realm
left join jurisdiction_names jurisdiction on jurisdiction.name = i.desig_type
left join designation_names designation
  on designation.name = i.desig_eng and designation.jurisdiction_key = coalesce(jurisdiction.key, 0);
analyze resolved (row_no, site_id, site_pid, is_site, is_parcel);

-- A year that no date can have must not stop the release.
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'no such year: the site has no date of its status',
       concat_ws('/', site_id, site_pid), jsonb_build_object('status_yr', status_yr)
from resolved where status_yr not between 0 and 99999;

-- A word that is none of the three realms does not say where the site lies; it makes no lookup row.
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'unknown realm: the site is published as not marine',
       concat_ws('/', site_id, site_pid), jsonb_build_object('realm', realm)
from resolved where trim(realm) <> '' and lower(realm) not in ('terrestrial', 'coastal', 'marine');

-- step: number the no-take statuses (one row for every site and one for every parcel)
create temp table no_take_rows on commit drop as
select r.row_no, of_site, r.no_take, r.no_tk_area, r.site_id, r.site_pid, live.no_take_status_id as live_id,
       -- Two live rows could share a status; the first keeps the id.
       row_number() over (partition by live.no_take_status_id order by of_site desc, r.site_id, r.site_pid) as nth
from resolved r
cross join (values (true), (false)) scope (of_site)
left join lateral (
  select no_take_status_id from protected_areas where of_site and site_id = r.site_id
  union all
  select no_take_status_id from protected_area_parcels where not of_site and site_id = r.site_id and site_pid = r.site_pid
) live on true
where (of_site and r.is_site) or (not of_site and r.is_parcel);

create temp table no_take_numbers on commit drop as
select row_no, of_site, no_take, no_tk_area,
       case when live_id is not null and nth = 1 then live_id
            else (select pp_release.highest_id('no_take_statuses'))
                 + row_number() over (partition by live_id is not null and nth = 1 order by of_site desc, site_id, site_pid)
       end as id
from no_take_rows;

insert into staging_no_take_statuses (id, name, area, created_at, updated_at)
select n.id, n.no_take, n.no_tk_area::numeric,
       coalesce(live.created_at, pp_release.started_at()),
       case when (n.no_take::varchar, n.no_tk_area::numeric) is not distinct from (live.name, live.area) and live.id is not null
            then live.updated_at else pp_release.started_at() end
from no_take_numbers n
left join no_take_statuses live on live.id = n.id
order by n.id;

create temp table no_take on commit drop as
select row_no,
       min(id) filter (where of_site) as site_no_take_id,
       min(id) filter (where not of_site) as parcel_no_take_id
from no_take_numbers
group by row_no;
analyze no_take;

-- step: number sites and parcels
-- Apart from the geometry: numbering sorts, and what is sorted should be narrow.
create temp table site_ids on commit drop as
select r.row_no, coalesce(live.id, (select pp_release.highest_id('protected_areas'))
         + row_number() over (partition by live.id is null order by r.site_id)) as id
from resolved r left join protected_areas live on live.site_id = r.site_id
where r.is_site;

create temp table parcel_ids on commit drop as
select r.row_no, coalesce(live.id, (select pp_release.highest_id('protected_area_parcels'))
         + row_number() over (partition by live.id is null order by r.site_id, r.site_pid)) as id
from resolved r left join protected_area_parcels live on live.site_id = r.site_id and live.site_pid = r.site_pid
where r.is_parcel;
analyze site_ids, parcel_ids;

-- Where the Green List is imported too, the marks of this release are its to set, and a site without one has none. Where it
-- is left out, live's statuses and marks stay.
create temp table green_list on commit drop as
select coalesce(pp_release.carried_over('green_list_statuses'), false) as carried;

-- step: write sites with their geometry
insert into staging_protected_areas (
  id,
  site_id, site_pid, wdpa_id, wdpa_pid, name, original_name, slug, marine, marine_type, is_oecm, site_type,
  reported_marine_area, reported_area, gis_marine_area, gis_area, parent_iso3, legal_status_id,
  legal_status_updated_at, iucn_category_id, governance_id, governance_subtype, management_authority_id,
  management_plan, no_take_status_id, designation_id, realm_id, owner_type, ownership_subtype, inland_waters,
  oecm_assessment, international_criteria, supplementary_info, conservation_objectives, verif,
  green_list_status_id, has_irreplaceability_info, has_parcc_info,
  the_geom, the_geom_longitude, the_geom_latitude, created_at, updated_at
)
select
  numbered.id,
  r.site_id, r.site_pid, r.wdpa_id, r.wdpa_pid, r.name, r.original_name, made.slug, r.marine, r.marine_type, r.is_oecm, r.site_type, r.reported_marine_area, r.reported_area,
  r.gis_marine_area, r.gis_area, r.parent_iso3, r.legal_status_id, r.legal_status_updated_at, r.iucn_category_id,
  r.governance_id, r.governance_subtype, r.management_authority_id, r.management_plan, n.site_no_take_id,
  r.designation_id, r.realm_id, r.owner_type, r.ownership_subtype, r.inland_waters, r.oecm_assessment,
  r.international_criteria, r.supplementary_info, r.conservation_objectives, r.verif,
  case when (select carried from green_list) then live.green_list_status_id end, flags.has_irreplaceability_info, flags.has_parcc_info,
  made.the_geom, (st_x(made.centroid) + 0)::text, (st_y(made.centroid) + 0)::text,
  coalesce(live.created_at, pp_release.started_at()),
  -- A row that says the same as before keeps its date.
  case when (
    r.site_id, r.site_pid, r.wdpa_id, r.wdpa_pid, r.name, r.original_name, made.slug, r.marine, r.marine_type, r.is_oecm, r.site_type, r.reported_marine_area,
    r.reported_area, r.gis_marine_area, r.gis_area, r.parent_iso3, r.legal_status_id, r.legal_status_updated_at,
    r.iucn_category_id, r.governance_id, r.governance_subtype, r.management_authority_id, r.management_plan,
    n.site_no_take_id, r.designation_id, r.realm_id, r.owner_type, r.ownership_subtype, r.inland_waters,
    r.oecm_assessment, r.international_criteria, r.supplementary_info, r.conservation_objectives, r.verif,
    flags.has_irreplaceability_info, flags.has_parcc_info, made.the_geom
  ) is not distinct from (
    live.site_id, live.site_pid, live.wdpa_id, live.wdpa_pid, live.name, live.original_name, live.slug,
    live.marine, live.marine_type, live.is_oecm, live.site_type, live.reported_marine_area, live.reported_area,
    live.gis_marine_area, live.gis_area, live.parent_iso3, live.legal_status_id, live.legal_status_updated_at,
    live.iucn_category_id, live.governance_id, live.governance_subtype, live.management_authority_id,
    live.management_plan, live.no_take_status_id, live.designation_id, live.realm_id, live.owner_type,
    live.ownership_subtype, live.inland_waters, live.oecm_assessment, live.international_criteria,
    live.supplementary_info, live.conservation_objectives, live.verif,
    live.has_irreplaceability_info, live.has_parcc_info, live.the_geom
  ) then live.updated_at else pp_release.started_at() end
from resolved r
join site_ids numbered using (row_no)
join no_take n using (row_no)
left join staging_portal_standard_polygons polygon
  on polygon.site_id = r.site_id and polygon.site_pid = r.site_pid
left join staging_portal_standard_points point
  on r.geometry_from = 'points' and point.site_id = r.site_id and point.site_pid = r.site_pid
cross join lateral (
  select coalesce(point.wkb_geometry, polygon.wkb_geometry) as the_geom,
         st_centroid(coalesce(point.wkb_geometry, polygon.wkb_geometry)) as centroid,
         catalog_slug(concat_ws(' ', r.site_id, r.name, r.desig_eng)) as slug
  offset 0 -- each is made once, and not once for each use
) made
left join protected_areas live on live.site_id = r.site_id
left join csv_irreplaceability_info irreplaceability on irreplaceability.site_id = r.site_id
left join csv_parcc_info parcc on parcc.site_id = r.site_id
cross join lateral (
  select case when pp_release.has_csv('irreplaceability_info') then irreplaceability.site_id is not null
              else coalesce(live.has_irreplaceability_info, false) end as has_irreplaceability_info,
         case when pp_release.has_csv('parcc_info') then parcc.site_id is not null
              else coalesce(live.has_parcc_info, false) end as has_parcc_info
) flags
where r.is_site;

-- The two lists are kept by hand over years: a site that is not published any more is worth a note, not an error.
insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'note', 'no such site in this release', listed.row_key,
       jsonb_build_object('site_id', listed.site_id)
from (
  select row_key, site_id from csv_irreplaceability_info
  union all
  select row_key, site_id from csv_parcc_info
) listed
where not exists (select from sites where sites.site_id = listed.site_id);

-- step: write parcels with their geometry
insert into staging_protected_area_parcels (
  id,
  site_id, site_pid, wdpa_id, wdpa_pid, name, original_name, slug, marine, marine_type, is_oecm, site_type,
  reported_marine_area, reported_area, gis_marine_area, gis_area, parent_iso3, legal_status_id,
  legal_status_updated_at, iucn_category_id, governance_id, governance_subtype, management_authority_id,
  management_plan, no_take_status_id, designation_id, realm_id, owner_type, ownership_subtype, inland_waters,
  oecm_assessment, international_criteria, supplementary_info, conservation_objectives, verif,
  green_list_status_id,
  the_geom, the_geom_longitude, the_geom_latitude, created_at, updated_at
)
select
  numbered.id,
  r.site_id, r.site_pid, r.wdpa_id, r.wdpa_pid, r.name, r.original_name, made.slug, r.marine, r.marine_type, r.is_oecm, r.site_type, r.reported_marine_area,
  r.reported_area, r.gis_marine_area, r.gis_area, r.parent_iso3, r.legal_status_id, r.legal_status_updated_at,
  r.iucn_category_id, r.governance_id, r.governance_subtype, r.management_authority_id, r.management_plan,
  n.parcel_no_take_id, r.designation_id, r.realm_id, r.owner_type, r.ownership_subtype, r.inland_waters,
  r.oecm_assessment, r.international_criteria, r.supplementary_info, r.conservation_objectives, r.verif,
  case when (select carried from green_list) then live.green_list_status_id end,
  made.the_geom, (st_x(made.centroid) + 0)::text, (st_y(made.centroid) + 0)::text,
  coalesce(live.created_at, pp_release.started_at()),
  -- A row that says the same as before keeps its date.
  case when (
    r.site_id, r.site_pid, r.wdpa_id, r.wdpa_pid, r.name, r.original_name, made.slug, r.marine, r.marine_type, r.is_oecm, r.site_type, r.reported_marine_area,
    r.reported_area, r.gis_marine_area, r.gis_area, r.parent_iso3, r.legal_status_id, r.legal_status_updated_at,
    r.iucn_category_id, r.governance_id, r.governance_subtype, r.management_authority_id, r.management_plan,
    n.parcel_no_take_id, r.designation_id, r.realm_id, r.owner_type, r.ownership_subtype, r.inland_waters,
    r.oecm_assessment, r.international_criteria, r.supplementary_info, r.conservation_objectives, r.verif, made.the_geom
  ) is not distinct from (
    live.site_id, live.site_pid, live.wdpa_id, live.wdpa_pid, live.name, live.original_name, live.slug,
    live.marine, live.marine_type, live.is_oecm, live.site_type, live.reported_marine_area, live.reported_area,
    live.gis_marine_area, live.gis_area, live.parent_iso3, live.legal_status_id, live.legal_status_updated_at,
    live.iucn_category_id, live.governance_id, live.governance_subtype, live.management_authority_id,
    live.management_plan, live.no_take_status_id, live.designation_id, live.realm_id, live.owner_type,
    live.ownership_subtype, live.inland_waters, live.oecm_assessment, live.international_criteria,
    live.supplementary_info, live.conservation_objectives, live.verif, live.the_geom
  ) then live.updated_at else pp_release.started_at() end
from resolved r
join parcel_ids numbered using (row_no)
join no_take n using (row_no)
left join staging_portal_standard_polygons polygon
  on polygon.site_id = r.site_id and polygon.site_pid = r.site_pid
left join staging_portal_standard_points point
  on r.geometry_from = 'points' and point.site_id = r.site_id and point.site_pid = r.site_pid
cross join lateral (
  select coalesce(point.wkb_geometry, polygon.wkb_geometry) as the_geom,
         st_centroid(coalesce(point.wkb_geometry, polygon.wkb_geometry)) as centroid,
         catalog_slug(concat_ws(' ', r.site_id, r.site_pid, r.name, r.desig_eng)) as slug
  offset 0
) made
left join protected_area_parcels live on live.site_id = r.site_id and live.site_pid = r.site_pid
where r.is_parcel;

-- Shapes that say nothing, or what cannot be, are published as the portal has them. An empty one has no centroid. One that leaves
-- the world is found by the views' index, without another look at the gigabyte of shapes: its box meets one of the four strips that
-- begin with the number after 180, or 90, among those of such an index (real).
create temp table beyond on commit drop as
with strips as (
  select st_makeenvelope(west, south, east, north, 4326) as strip
  from (values (180.0000152587890625, -1e30, 1e30, 1e30), (-1e30, -1e30, -180.0000152587890625, 1e30),
               (-1e30, 90.00000762939453125, 1e30, 1e30), (-1e30, -1e30, 1e30, -90.00000762939453125)) edge (west, south, east, north)
)
select v.site_id, v.site_pid from strips join staging_portal_standard_polygons v on v.wkb_geometry && strip
union
select v.site_id, v.site_pid from strips join staging_portal_standard_points v on v.wkb_geometry && strip;

with published as (
  select site_id, site_pid, the_geom, the_geom_longitude from staging_protected_areas
  union all
  select site_id, site_pid, the_geom, the_geom_longitude from staging_protected_area_parcels
),
odd as (
  select distinct on (site_id, site_pid) site_id, site_pid, the_geom, st_isempty(the_geom) as is_empty
  from published p
  where the_geom is not null
    and (the_geom_longitude is null or (site_id, site_pid) in (select site_id, site_pid from beyond))
  order by site_id, site_pid
)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas',
       case when is_empty then 'an empty shape: published without coordinates'
            else 'coordinates outside the world: published as they are' end,
       concat_ws('/', site_id, site_pid),
       case when is_empty then jsonb_build_object('type', geometrytype(the_geom))
            else jsonb_build_object('longitude', jsonb_build_array(st_xmin(the_geom), st_xmax(the_geom)),
                                    'latitude', jsonb_build_array(st_ymin(the_geom), st_ymax(the_geom))) end
from odd
where is_empty or st_xmin(the_geom) < -180 or st_xmax(the_geom) > 180 or st_ymin(the_geom) < -90 or st_ymax(the_geom) > 90;

-- What the next statements join by; the rest comes with the indexes.
analyze staging_protected_areas (id, site_id, site_pid), staging_protected_area_parcels (id, site_id, site_pid);

-- step: join sites and parcels to countries and sources
-- iso_3 is not unique in live: the lowest id stands for a code. Codes that no country has are set aside.
create temp table country_codes on commit drop as
select r.row_no, code.iso_3, country.id as country_id
from resolved r
cross join lateral (select distinct trim(part) as iso_3 from unnest(string_to_array(r.iso3, ';')) part) code
left join (select iso_3, min(id) as id from countries group by iso_3) country using (iso_3)
where code.iso_3 <> '';

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'unknown country code: the site is not joined to it',
       concat_ws('/', r.site_id, r.site_pid), jsonb_build_object('iso3', c.iso_3)
from country_codes c join resolved r using (row_no)
where c.country_id is null;

insert into staging_countries_protected_areas (country_id, protected_area_id)
select c.country_id, a.id
from country_codes c
join resolved r using (row_no)
join staging_protected_areas a on a.site_id = r.site_id
where r.is_site and c.country_id is not null
order by a.id, c.country_id;

insert into staging_countries_protected_area_parcels (country_id, protected_area_parcel_id)
select c.country_id, a.id
from country_codes c
join resolved r using (row_no)
join staging_protected_area_parcels a on a.site_id = r.site_id and a.site_pid = r.site_pid
where r.is_parcel and c.country_id is not null
order by a.id, c.country_id;

-- metadataid is not unique: the source with the lowest id stands for it.
create temp table source_of on commit drop as
select r.row_no, source.id as source_id
from resolved r
join (select metadataid, min(id) as id from staging_sources group by metadataid) source using (metadataid);

insert into staging_protected_areas_sources (protected_area_id, source_id)
select a.id, s.source_id
from source_of s
join resolved r using (row_no)
join staging_protected_areas a on a.site_id = r.site_id
where r.is_site
order by a.id;

insert into staging_protected_area_parcels_sources (protected_area_parcel_id, source_id)
select a.id, s.source_id
from source_of s
join resolved r using (row_no)
join staging_protected_area_parcels a on a.site_id = r.site_id and a.site_pid = r.site_pid
where r.is_parcel
order by a.id;

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'protected_areas', 'no source has this metadataid: the site is not joined to one',
       concat_ws('/', r.site_id, r.site_pid), jsonb_build_object('metadataid', r.metadataid)
from resolved r
where r.metadataid is not null and not exists (select from source_of s where s.row_no = r.row_no);
