-- Up Migration
-- Two views of the website over swapped tables: the dependents that the old system left on the backup and then dropped.
do $$ begin if to_regclass('public.regional_statistics_view') is null then
  create view regional_statistics_view as
    select c.region_id,
           sum(s.pa_area) as pa_area,
           sum(s.pa_land_area) as pa_land_area,
           sum(s.pa_marine_area) as pa_marine_area,
           sum(s.land_area) as land_area,
           sum(s.marine_area) as marine_area,
           100 * sum(s.pa_land_area) / nullif(sum(s.land_area), 0) as percentage_pa_land_cover,
           100 * sum(s.pa_marine_area) / nullif(sum(s.marine_area), 0) as percentage_pa_marine_cover
    from country_statistics s
    join countries c on c.id = s.country_id
    group by c.region_id;
end if; end $$;

do $$ begin if to_regclass('public.aichi11_target_dashboard_view') is null then
  create view aichi11_target_dashboard_view as
    select sum(s.pa_land_area) as pa_land_area,
           sum(s.pa_marine_area) as pa_marine_area,
           sum(p.pame_pa_land_area) as pame_pa_land_area,
           sum(p.pame_pa_marine_area) as pame_pa_marine_area
    from country_statistics s
    left join pame_statistics p on p.country_id = s.country_id;
end if; end $$;
