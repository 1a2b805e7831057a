-- What a careful person looks at before loading: each line must say 0. A division by it stops the script otherwise.
select 1 / (count(*) = 0)::int as geometry_is_good from staging_portal_standard_polygons
where st_srid(wkb_geometry) <> 4326 or not st_isvalid(wkb_geometry);

select 1 / (count(*) = 0)::int as geometry_is_good from staging_portal_standard_points
where st_srid(wkb_geometry) <> 4326 or not st_isvalid(wkb_geometry);

select 1 / (count(*) > 0)::int as there_is_something
from (select from staging_portal_standard_polygons union all select from staging_portal_standard_points) rows;

-- The unique indexes are the check for duplicates.
set maintenance_work_mem = '256MB';
create unique index on staging_portal_iso3_agg (wdpa_id, parcel_id);
create unique index on staging_portal_parent_iso3_agg (wdpa_id, parcel_id);
create unique index on staging_portal_int_crit_agg (wdpa_id, parcel_id);
create unique index on staging_portal_standard_polygons (site_id, site_pid);
create index on staging_portal_standard_polygons using gist (wkb_geometry);
create unique index on staging_portal_standard_points (site_id, site_pid);
create index on staging_portal_standard_points using gist (wkb_geometry);
create unique index on staging_portal_standard_sources (index_id);
create index on staging_portal_standard_sources (metadataid);
create unique index on staging_portal_standard_pame (id);
create index on staging_portal_standard_pame (site_id);
create index on staging_portal_standard_pame (eff_metaid);
create index on staging_portal_standard_pame (asmt_year);
create unique index on staging_portal_standard_pame_sources (id);
create unique index on staging_portal_standard_greenlist (id);
create index on staging_portal_standard_greenlist (site_id);
create index on staging_portal_standard_greenlist (gl_expiry);
