-- Statistics of countries: areas and coverage from two CSV files; shapes and evaluations counted in this release.

-- step: count the shapes of each country
create temp table shapes on commit drop as
select country_id,
       count(*) filter (where is_polygon) as polygons,
       count(*) filter (where is_point) as points,
       count(*) filter (where is_polygon and is_oecm) as oecm_polygons,
       count(*) filter (where is_point and is_oecm) as oecm_points
from (
  select j.country_id, a.is_oecm,
         geometrytype(a.the_geom) in ('POLYGON', 'MULTIPOLYGON') as is_polygon,
         geometrytype(a.the_geom) in ('POINT', 'MULTIPOINT') as is_point
  from staging_countries_protected_areas j
  join staging_protected_areas a on a.id = j.protected_area_id
) site
group by country_id;

-- step: count the evaluations of each country
-- A country has the evaluations of what lies in it, sites and parcels alike; an overseas territory too.
create temp table evaluated on commit drop as
select j.country_id, count(*) as assessments, count(distinct coalesce(site.site_id, parcel.site_id)) as assessed_pas
from staging_countries_pame_evaluations j
join staging_pame_evaluations e on e.id = j.pame_evaluation_id
left join staging_protected_areas site on site.id = e.protected_area_id
left join staging_protected_area_parcels parcel on parcel.id = e.protected_area_parcel_id
group by j.country_id;

-- step: find the countries of the rows
-- iso_3 is not unique in live: the lowest id stands for a code. The high seas and Antarctica have statistics though they
-- may have no country: each keeps a row of its own, told apart by this order.
create temp table areas on commit drop as
select iso3, country_id, row_number() over (partition by country_id order by place) as nth
from (
  select c.iso3, country.id as country_id, array_position(array['ABNJ', 'ATA'], c.iso3) as place
  from (select iso3 from csv_country_statistics union select iso3 from csv_pame_country_statistics) c
  left join (select iso_3, min(id) as id from countries group by iso_3) country on country.iso_3 = c.iso3
) coded
where country_id is not null or place is not null;

-- A country that no file knows has what is counted here.
insert into areas (iso3, country_id, nth)
select country.iso_3, country.id, 1
from (select country_id from shapes union select country_id from evaluated) here
join countries country on country.id = here.country_id
where not exists (select from areas where areas.country_id = here.country_id);

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'country_statistics', 'unknown country code', row_key, jsonb_build_object('iso3', iso3)
from (select row_key, iso3 from csv_country_statistics union all select row_key, iso3 from csv_pame_country_statistics) c
where not exists (select from areas a where a.iso3 = c.iso3);

-- step: look for countries without a line
-- A row of live without areas is one of counts only: its country had no line then either.
create temp table expected on commit drop as
select input, country.iso_3, bool_or(in_live) as in_live, count(row_key) > 0 as has_line,
       max(split_part(row_key, ' line ', 1)) as file
from (
  select 'country_statistics' as input, country_id, true as in_live from country_statistics
  where num_nonnulls(land_area, marine_area, pa_land_area, pa_marine_area) > 0
  union all select 'country_statistics', country_id, false from shapes
  union all select 'pame_country_statistics', country_id, true from pame_statistics
  where num_nonnulls(pame_pa_land_area, pame_pa_marine_area) > 0
  union all select 'pame_country_statistics', country_id, false from evaluated
) known
join countries country on country.id = known.country_id
left join (
  select 'country_statistics' as input, iso3 as iso_3, row_key from csv_country_statistics
  union all select 'pame_country_statistics', iso3, row_key from csv_pame_country_statistics
) line using (input, iso_3)
group by input, country.iso_3;

insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
select pp_release.release_id(), 'country_statistics', 'note', input || ' has no line for this country', iso_3,
       jsonb_build_object('iso3', iso_3, 'in_live', in_live)
from expected where not has_line order by input, iso_3;

-- Rows of live that have no country do not say which of ABNJ and ATA they are: fewer lines than rows mean that one is gone.
insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
select pp_release.release_id(), 'country_statistics', 'note',
       input || ' has no line for this code, and live has more rows without a country than the file has lines', code,
       jsonb_build_object('iso3', code)
from (
  select 'country_statistics' as input, array(select iso3 from csv_country_statistics) as codes,
         (select count(*) from country_statistics where country_id is null) as in_live
  union all
  select 'pame_country_statistics', array(select iso3 from csv_pame_country_statistics),
         (select count(*) from pame_statistics where country_id is null)
) file
join lateral (
  select array_agg(code) filter (where code <> all (codes)) as lacking, count(*) filter (where code = any (codes)) as lines
  from unnest(array['ABNJ', 'ATA']) code where not exists (select from countries where iso_3 = code)
) counted on in_live > lines
cross join lateral unnest(lacking) code
order by input, code;

-- A file that was cut short has no other fault than that.
insert into pp_release.rejects (release_id, importer, severity, reason, row_key)
select pp_release.release_id(), 'country_statistics', 'hard',
       format('it has no line for %s of the %s countries of live (%s …): was it cut short?', lacking, live, examples),
       coalesce(file, input)
from (
  select input, max(file) as file, count(*) as live, count(*) filter (where not has_line) as lacking,
         array_to_string((array_agg(iso_3 order by iso_3) filter (where not has_line))[1:5], ', ') as examples
  from expected where in_live group by input
) counted
where lacking * 100 > live * greatest(50, pp_release.soft_error_limit());

-- step: write country statistics
insert into staging_country_statistics (
  id, country_id,
  pa_area, pa_land_area, pa_marine_area, pa_eez_area, pa_ts_area, land_area, marine_area, eez_area, ts_area,
  oecms_pa_land_area, oecms_pa_marine_area, percentage_cover_pas, percentage_pa_cover, percentage_pa_land_cover,
  percentage_pa_marine_cover, percentage_pa_eez_cover, percentage_pa_ts_cover, percentage_nr_land_cover,
  percentage_nr_marine_cover, percentage_oecms_pa_land_cover, percentage_oecms_pa_marine_cover,
  percentage_well_connected, percentage_importance, jrc_country_area, jrc_terr_area, nr_version, nr_report_url,
  polygons_count, points_count, oecm_polygon_count, oecm_point_count, protected_area_polygon_count,
  protected_area_point_count, created_at, updated_at
)
select
  coalesce(live.id, (select pp_release.highest_id('country_statistics'))
    + row_number() over (partition by live.id is null order by area.country_id, area.nth)),
  area.country_id,
  optional.pa_area, s.pa_land_area, s.pa_marine_area, optional.pa_eez_area, optional.pa_ts_area, s.land_area, s.marine_area,
  optional.eez_area, optional.ts_area, s.oecms_pa_land_area, s.oecms_pa_marine_area, optional.percentage_cover_pas,
  optional.percentage_pa_cover, s.percentage_pa_land_cover, s.percentage_pa_marine_cover, optional.percentage_pa_eez_cover,
  optional.percentage_pa_ts_cover, s.percentage_nr_land_cover, s.percentage_nr_marine_cover, s.percentage_oecms_pa_land_cover,
  s.percentage_oecms_pa_marine_cover, optional.percentage_well_connected, optional.percentage_importance,
  optional.jrc_country_area, optional.jrc_terr_area, s.nr_version, s.nr_report_url,
  n.polygons, n.points, n.oecm_polygons, n.oecm_points, n.polygons - n.oecm_polygons, n.points - n.oecm_points,
  pp_release.started_at(), pp_release.started_at()
from areas area
left join csv_country_statistics s using (iso3)
left join lateral (
  select coalesce(max(polygons), 0) as polygons, coalesce(max(points), 0) as points,
         coalesce(max(oecm_polygons), 0) as oecm_polygons, coalesce(max(oecm_points), 0) as oecm_points
  from shapes where shapes.country_id = area.country_id
) n on area.country_id is not null
left join (
  select *, row_number() over (partition by country_id order by id) as nth from country_statistics
) live on live.country_id is not distinct from area.country_id and live.nth = area.nth
-- What the file has no column for stays as it is in live. Of the two rows without a country that is known while both are there.
cross join lateral (
  select area.country_id is not null
         or (2 = (select count(*) from areas where country_id is null)
             and 2 = (select count(*) from country_statistics where country_id is null)) as is_same
) kept
cross join lateral (
  select
    case when pp_release.has_csv_column('country_statistics', 'pa_area') then s.pa_area when is_same then live.pa_area end as pa_area,
    case when pp_release.has_csv_column('country_statistics', 'pa_eez_area') then s.pa_eez_area when is_same then live.pa_eez_area end as pa_eez_area,
    case when pp_release.has_csv_column('country_statistics', 'pa_ts_area') then s.pa_ts_area when is_same then live.pa_ts_area end as pa_ts_area,
    case when pp_release.has_csv_column('country_statistics', 'eez_area') then s.eez_area when is_same then live.eez_area end as eez_area,
    case when pp_release.has_csv_column('country_statistics', 'ts_area') then s.ts_area when is_same then live.ts_area end as ts_area,
    case when pp_release.has_csv_column('country_statistics', 'jrc_country_area') then s.jrc_country_area when is_same then live.jrc_country_area end as jrc_country_area,
    case when pp_release.has_csv_column('country_statistics', 'jrc_terr_area') then s.jrc_terr_area when is_same then live.jrc_terr_area end as jrc_terr_area,
    case when pp_release.has_csv_column('country_statistics', 'percentage_cover_pas') then s.percentage_cover_pas when is_same then live.percentage_cover_pas end as percentage_cover_pas,
    case when pp_release.has_csv_column('country_statistics', 'percentage_pa_cover') then s.percentage_pa_cover when is_same then live.percentage_pa_cover end as percentage_pa_cover,
    case when pp_release.has_csv_column('country_statistics', 'percentage_pa_eez_cover') then s.percentage_pa_eez_cover when is_same then live.percentage_pa_eez_cover end as percentage_pa_eez_cover,
    case when pp_release.has_csv_column('country_statistics', 'percentage_pa_ts_cover') then s.percentage_pa_ts_cover when is_same then live.percentage_pa_ts_cover end as percentage_pa_ts_cover,
    case when pp_release.has_csv_column('country_statistics', 'percentage_well_connected') then s.percentage_well_connected when is_same then live.percentage_well_connected end as percentage_well_connected,
    case when pp_release.has_csv_column('country_statistics', 'percentage_importance') then s.percentage_importance when is_same then live.percentage_importance end as percentage_importance
) optional
where s.line is not null or area.country_id in (select country_id from shapes)
order by 1;

update staging_country_statistics s
set created_at = live.created_at,
    updated_at = case when to_jsonb(s) - '{created_at,updated_at}'::text[] = to_jsonb(live) - '{created_at,updated_at}'::text[]
                      then live.updated_at else s.updated_at end
from country_statistics live where live.id = s.id;

-- step: write statistics of management evaluations
insert into staging_pame_statistics (
  id, country_id, assessments, assessed_pas, pame_pa_land_area, pame_pa_marine_area, pame_percentage_pa_land_cover,
  pame_percentage_pa_marine_cover
)
select
  coalesce(live.id, (select pp_release.highest_id('pame_statistics'))
    + row_number() over (partition by live.id is null order by area.country_id, area.nth)),
  area.country_id,
  case when area.country_id is not null then coalesce(n.assessments, 0) end,
  case when area.country_id is not null then coalesce(n.assessed_pas, 0) end,
  s.pame_pa_land_area, s.pame_pa_marine_area, s.pame_percentage_pa_land_cover, s.pame_percentage_pa_marine_cover
from areas area
left join csv_pame_country_statistics s using (iso3)
left join evaluated n on n.country_id = area.country_id
left join (
  select id, country_id, row_number() over (partition by country_id order by id) as nth from pame_statistics
) live on live.country_id is not distinct from area.country_id and live.nth = area.nth
where s.line is not null or n.country_id is not null
order by 1;
