-- The nine views from one snapshot of the portal, with the plan settings that joins over postgres_fdw need. Their SELECTs
-- are the release's own (psql's \ir): what is compared is the work, and not two ways to read the portal.
begin;
set local enable_nestloop = off;
set local enable_mergejoin = off;
set local work_mem = '256MB';
set local jit = off;

create materialized view staging_portal_iso3_agg as
\ir ../../../catalog/views/portal_iso3_agg.sql
;
analyze staging_portal_iso3_agg;

create materialized view staging_portal_parent_iso3_agg as
\ir ../../../catalog/views/portal_parent_iso3_agg.sql
;
analyze staging_portal_parent_iso3_agg;

create materialized view staging_portal_int_crit_agg as
\ir ../../../catalog/views/portal_int_crit_agg.sql
;
analyze staging_portal_int_crit_agg;

create materialized view staging_portal_standard_polygons as
\ir ../../../catalog/views/portal_standard_polygons.sql
;
analyze staging_portal_standard_polygons;

create materialized view staging_portal_standard_points as
\ir ../../../catalog/views/portal_standard_points.sql
;
analyze staging_portal_standard_points;

create materialized view staging_portal_standard_sources as
\ir ../../../catalog/views/portal_standard_sources.sql
;
analyze staging_portal_standard_sources;

create materialized view staging_portal_standard_pame as
\ir ../../../catalog/views/portal_standard_pame.sql
;
analyze staging_portal_standard_pame;

create materialized view staging_portal_standard_pame_sources as
\ir ../../../catalog/views/portal_standard_pame_sources.sql
;
analyze staging_portal_standard_pame_sources;

create materialized view staging_portal_standard_greenlist as
\ir ../../../catalog/views/portal_standard_greenlist.sql
;
analyze staging_portal_standard_greenlist;

commit;
