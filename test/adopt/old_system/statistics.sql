-- The website's two statistics views, with their 21 and 14 columns.
create view regional_statistics_view as
with sums as (
  select c.region_id, sum(s.land_area) as land, sum(s.eez_area) as eez, sum(s.ts_area) as ts, sum(s.marine_area) as marine,
         sum(s.pa_land_area) as pa_land, sum(s.pa_marine_area) as pa_marine, sum(s.pa_eez_area) as pa_eez, sum(s.pa_ts_area) as pa_ts,
         sum(s.oecms_pa_land_area) as oecm_land, sum(s.oecms_pa_marine_area) as oecm_marine, sum(s.jrc_country_area) as jrc, sum(s.jrc_terr_area) as jrc_terr,
         sum(s.jrc_country_area * s.percentage_well_connected / 100) as connected, sum(s.jrc_country_area * s.percentage_importance / 100) as important,
         sum(p.pame_pa_land_area) as pame_land, sum(p.pame_pa_marine_area) as pame_marine
  from countries c join country_statistics s on s.country_id = c.id join pame_statistics p on p.country_id = c.id
  group by c.region_id
)
select region_id, land as land_area, eez as eez_area, ts as ts_area, coalesce(pa_land, 0) + coalesce(pa_marine, 0) as pa_area, pa_land as pa_land_area,
       pa_marine as pa_marine_area, pa_eez as pa_eez_area, pa_ts as pa_ts_area, jrc as jrc_regional_area,
       100 * (coalesce(pa_land, 0) + coalesce(pa_marine, 0)) / nullif(land + coalesce(eez, 0) + coalesce(ts, 0), 0) as percentage_pa_cover,
       100 * coalesce(pa_land, 0) / nullif(land, 0) as percentage_pa_land_cover, 100 * coalesce(pa_marine, 0) / nullif(marine, 0) as percentage_pa_marine_cover,
       100 * coalesce(oecm_land, 0) / nullif(land, 0) as percentage_oecms_pa_land_cover,
       100 * coalesce(oecm_marine, 0) / nullif(marine, 0) as percentage_oecms_pa_marine_cover,
       100 * coalesce(connected, 0) / nullif(jrc_terr, 0) as percentage_well_connected, 100 * coalesce(important, 0) / nullif(jrc, 0) as percentage_importance,
       100 * coalesce(pame_land, 0) / nullif(pa_land, 0) as pame_percentage_pa_land_cover,
       100 * coalesce(pame_marine, 0) / nullif(pa_marine, 0) as pame_percentage_pa_marine_cover,
       case when eez = 0 then 0 else 100 * pa_eez / eez end as percentage_pa_eez_cover, case when ts = 0 then 0 else 100 * pa_ts / ts end as percentage_pa_ts_cover
from sums;
create view aichi11_target_dashboard_view as
select c.id, c.region_id, r.name as region_name, c.name, c.iso_3 as iso, coalesce(s.percentage_pa_land_cover, 0) as percentage_pa_land_cover,
       coalesce(s.percentage_pa_marine_cover, 0) as percentage_pa_marine_cover, coalesce(s.percentage_oecms_pa_land_cover, 0) as percentage_oecms_pa_land_cover,
       coalesce(s.percentage_oecms_pa_marine_cover, 0) as percentage_oecms_pa_marine_cover, coalesce(s.percentage_well_connected, 0) as percentage_well_connected,
       coalesce(s.percentage_importance, 0) as percentage_importance, coalesce(p.pame_percentage_pa_land_cover, 0) as pame_percentage_pa_land_cover,
       coalesce(p.pame_percentage_pa_marine_cover, 0) as pame_percentage_pa_marine_cover, 'country' as obj_type
from countries c join country_statistics s on s.country_id = c.id left join pame_statistics p on p.country_id = c.id left join regions r on r.id = c.region_id
union all
select r.id, r.id, r.name, r.name, r.iso, v.percentage_pa_land_cover, v.percentage_pa_marine_cover, v.percentage_oecms_pa_land_cover,
       v.percentage_oecms_pa_marine_cover, v.percentage_well_connected, v.percentage_importance, v.pame_percentage_pa_land_cover,
       v.pame_percentage_pa_marine_cover, 'region'
from regions r join regional_statistics_view v on v.region_id = r.id;
