-- Up Migration
-- The website's two statistics views with the columns that it reads: 0005 made others where a pruning of the old system had dropped
-- them. Rights and owner are those of country_statistics, which they show.
create or replace function catalog_make_statistics_views() returns setof text
language plpgsql as $$
declare
  made text[] := '{}';
  shown text;
  shared record;
begin
  if to_regclass('public.regional_statistics_view') is null then
    create view public.regional_statistics_view as
    with sums as (
      select c.region_id,
             sum(s.land_area) as land, sum(s.marine_area) as marine, sum(s.eez_area) as eez, sum(s.ts_area) as ts,
             sum(s.pa_land_area) as pa_land, sum(s.pa_marine_area) as pa_marine,
             sum(s.pa_eez_area) as pa_eez, sum(s.pa_ts_area) as pa_ts,
             sum(s.oecms_pa_land_area) as oecm_land, sum(s.oecms_pa_marine_area) as oecm_marine,
             sum(s.jrc_country_area) as jrc, sum(s.jrc_terr_area) as jrc_land,
             sum(s.jrc_country_area * s.percentage_well_connected / 100) as well_connected,
             sum(s.jrc_country_area * s.percentage_importance / 100) as important,
             sum(p.pame_pa_land_area) as pame_land, sum(p.pame_pa_marine_area) as pame_marine
      from public.countries c
      join public.country_statistics s on s.country_id = c.id
      join public.pame_statistics p on p.country_id = c.id
      group by c.region_id
    )
    select region_id,
           land as land_area,
           eez as eez_area,
           ts as ts_area,
           coalesce(pa_land, 0) + coalesce(pa_marine, 0) as pa_area,
           pa_land as pa_land_area,
           pa_marine as pa_marine_area,
           pa_eez as pa_eez_area,
           pa_ts as pa_ts_area,
           jrc as jrc_regional_area,
           100 * (coalesce(pa_land, 0) + coalesce(pa_marine, 0)) / nullif(land + coalesce(eez, 0) + coalesce(ts, 0), 0) as percentage_pa_cover,
           100 * coalesce(pa_land, 0) / nullif(land, 0) as percentage_pa_land_cover,
           100 * coalesce(pa_marine, 0) / nullif(marine, 0) as percentage_pa_marine_cover,
           100 * coalesce(oecm_land, 0) / nullif(land, 0) as percentage_oecms_pa_land_cover,
           100 * coalesce(oecm_marine, 0) / nullif(marine, 0) as percentage_oecms_pa_marine_cover,
           100 * coalesce(well_connected, 0) / nullif(jrc_land, 0) as percentage_well_connected,
           100 * coalesce(important, 0) / nullif(jrc, 0) as percentage_importance,
           100 * coalesce(pame_land, 0) / nullif(pa_land, 0) as pame_percentage_pa_land_cover,
           100 * coalesce(pame_marine, 0) / nullif(pa_marine, 0) as pame_percentage_pa_marine_cover,
           case when eez = 0 then 0 else 100 * pa_eez / eez end as percentage_pa_eez_cover,
           case when ts = 0 then 0 else 100 * pa_ts / ts end as percentage_pa_ts_cover
    from sums;
    made := made || 'regional_statistics_view'::text;
  end if;

  -- Its rows of regions are those of the other view, which may be somebody's own with other columns.
  if to_regclass('public.aichi11_target_dashboard_view') is null and exists (
    select from pg_attribute where attrelid = 'public.regional_statistics_view'::regclass and attname = 'pame_percentage_pa_marine_cover'
  ) then
    create view public.aichi11_target_dashboard_view as
    select c.id,
           c.region_id,
           r.name as region_name,
           c.name,
           c.iso_3 as iso,
           coalesce(s.percentage_pa_land_cover, 0) as percentage_pa_land_cover,
           coalesce(s.percentage_pa_marine_cover, 0) as percentage_pa_marine_cover,
           coalesce(s.percentage_oecms_pa_land_cover, 0) as percentage_oecms_pa_land_cover,
           coalesce(s.percentage_oecms_pa_marine_cover, 0) as percentage_oecms_pa_marine_cover,
           coalesce(s.percentage_well_connected, 0) as percentage_well_connected,
           coalesce(s.percentage_importance, 0) as percentage_importance,
           coalesce(p.pame_percentage_pa_land_cover, 0) as pame_percentage_pa_land_cover,
           coalesce(p.pame_percentage_pa_marine_cover, 0) as pame_percentage_pa_marine_cover,
           'country' as obj_type
    from public.countries c
    join public.country_statistics s on s.country_id = c.id
    left join public.pame_statistics p on p.country_id = c.id
    left join public.regions r on r.id = c.region_id
    union all
    select r.id, r.id, r.name, r.name, r.iso,
           v.percentage_pa_land_cover, v.percentage_pa_marine_cover, v.percentage_oecms_pa_land_cover, v.percentage_oecms_pa_marine_cover,
           v.percentage_well_connected, v.percentage_importance, v.pame_percentage_pa_land_cover, v.pame_percentage_pa_marine_cover,
           'region'
    from public.regions r
    join public.regional_statistics_view v on v.region_id = r.id;
    made := made || 'aichi11_target_dashboard_view'::text;
  end if;

  -- Grants first: they may be given by the role that has made the view, which need not be the one that owns it afterwards.
  foreach shown in array made loop
    for shared in
      select a.privilege_type as privilege, coalesce(quote_ident(r.rolname), 'public') as grantee, a.is_grantable
      from pg_class c cross join lateral aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
      where c.oid = 'public.country_statistics'::regclass and a.grantee <> c.relowner
    loop
      execute format('grant %s on public.%I to %s%s', shared.privilege, shown, shared.grantee,
                     case when shared.is_grantable then ' with grant option' else '' end);
    end loop;
    execute format('alter view public.%I owner to %s', shown,
                   (select relowner::regrole from pg_class where oid = 'public.country_statistics'::regclass));
    return next shown;
  end loop;
end $$;

-- A view is known for one of 0005's by its columns: the website has none with these.
do $$
begin
  if (select array_agg(attname::text order by attnum) from pg_attribute where attrelid = to_regclass('public.aichi11_target_dashboard_view') and attnum > 0)
     = array['pa_land_area', 'pa_marine_area', 'pame_pa_land_area', 'pame_pa_marine_area'] then
    drop view public.aichi11_target_dashboard_view;
  end if;
  if (select array_agg(attname::text order by attnum) from pg_attribute where attrelid = to_regclass('public.regional_statistics_view') and attnum > 0)
     = array['region_id', 'pa_area', 'pa_land_area', 'pa_marine_area', 'land_area', 'marine_area', 'percentage_pa_land_cover', 'percentage_pa_marine_cover'] then
    drop view public.regional_statistics_view;
  end if;
  perform catalog_make_statistics_views();
end $$;
