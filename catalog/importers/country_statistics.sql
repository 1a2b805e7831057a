-- Statistics of countries: areas and coverage from two CSV files; shapes and evaluations counted in this release.

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

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'country_statistics', 'unknown country code', row_key, jsonb_build_object('iso3', iso3)
from (select row_key, iso3 from csv_country_statistics union all select row_key, iso3 from csv_pame_country_statistics) c
where not exists (select from areas a where a.iso3 = c.iso3);

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
  s.pa_area, s.pa_land_area, s.pa_marine_area, s.pa_eez_area, s.pa_ts_area, s.land_area, s.marine_area, s.eez_area, s.ts_area,
  s.oecms_pa_land_area, s.oecms_pa_marine_area, s.percentage_cover_pas, s.percentage_pa_cover, s.percentage_pa_land_cover,
  s.percentage_pa_marine_cover, s.percentage_pa_eez_cover, s.percentage_pa_ts_cover, s.percentage_nr_land_cover,
  s.percentage_nr_marine_cover, s.percentage_oecms_pa_land_cover, s.percentage_oecms_pa_marine_cover,
  s.percentage_well_connected, s.percentage_importance, s.jrc_country_area, s.jrc_terr_area, s.nr_version, s.nr_report_url,
  n.polygons, n.points, n.oecm_polygons, n.oecm_points, n.polygons - n.oecm_polygons, n.points - n.oecm_points,
  pp_release.started_at(), pp_release.started_at()
from csv_country_statistics s
join areas area using (iso3)
left join lateral (
  select coalesce(max(polygons), 0) as polygons, coalesce(max(points), 0) as points,
         coalesce(max(oecm_polygons), 0) as oecm_polygons, coalesce(max(oecm_points), 0) as oecm_points
  from shapes where shapes.country_id = area.country_id
) n on area.country_id is not null
left join (
  select id, country_id, row_number() over (partition by country_id order by id) as nth from country_statistics
) live on live.country_id is not distinct from area.country_id and live.nth = area.nth
order by 1;

update staging_country_statistics s
set created_at = live.created_at,
    updated_at = case when to_jsonb(s) - '{created_at,updated_at}'::text[] = to_jsonb(live) - '{created_at,updated_at}'::text[]
                      then live.updated_at else s.updated_at end
from country_statistics live where live.id = s.id;

-- step: write statistics of management evaluations
-- A country has the evaluations of what lies in it, sites and parcels alike; an overseas territory too.
create temp table evaluated on commit drop as
select j.country_id, count(*) as assessments, count(distinct coalesce(site.site_id, parcel.site_id)) as assessed_pas
from staging_countries_pame_evaluations j
join staging_pame_evaluations e on e.id = j.pame_evaluation_id
left join staging_protected_areas site on site.id = e.protected_area_id
left join staging_protected_area_parcels parcel on parcel.id = e.protected_area_parcel_id
group by j.country_id;

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
from csv_pame_country_statistics s
join areas area using (iso3)
left join evaluated n on n.country_id = area.country_id
left join (
  select id, country_id, row_number() over (partition by country_id order by id) as nth from pame_statistics
) live on live.country_id is not distinct from area.country_id and live.nth = area.nth
order by 1;
