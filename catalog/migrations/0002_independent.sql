-- Up Migration
-- Tables without a reference to a site (domain: "independent"), each made only where none is there.
do $$ begin if to_regclass('public.sources') is null then
  create table sources (
    id serial primary key,
    metadataid integer,
    title character varying,
    responsible_party character varying,
    responsible_email character varying,
    year date,
    update_year date,
    language character varying,
    character_set character varying,
    reference_system character varying,
    scale character varying,
    verifier character varying,
    lineage text,
    citation text,
    disclaimer text,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_sources_on_metadataid on sources (metadataid);
end if; end $$;

do $$ begin if to_regclass('public.green_list_statuses') is null then
  create table green_list_statuses (
    id bigserial primary key,
    gl_status character varying,
    gl_expiry date,
    gl_link character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
end if; end $$;

do $$ begin if to_regclass('public.no_take_statuses') is null then
  create table no_take_statuses (
    id serial primary key,
    name character varying,
    area numeric,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
end if; end $$;

do $$ begin if to_regclass('public.country_statistics') is null then
  create table country_statistics (
    id serial primary key,
    country_id integer,
    pa_area double precision,
    pa_land_area double precision,
    pa_marine_area double precision,
    pa_eez_area double precision,
    pa_ts_area double precision,
    land_area double precision,
    marine_area double precision,
    eez_area double precision,
    ts_area double precision,
    oecms_pa_land_area double precision,
    oecms_pa_marine_area double precision,
    percentage_cover_pas double precision,
    percentage_pa_cover double precision,
    percentage_pa_land_cover double precision,
    percentage_pa_marine_cover double precision,
    percentage_pa_eez_cover double precision,
    percentage_pa_ts_cover double precision,
    percentage_nr_land_cover double precision,
    percentage_nr_marine_cover double precision,
    percentage_oecms_pa_land_cover double precision,
    percentage_oecms_pa_marine_cover double precision,
    percentage_well_connected double precision,
    percentage_importance double precision,
    jrc_country_area double precision,
    jrc_terr_area double precision,
    nr_version integer,
    nr_report_url character varying,
    polygons_count integer,
    points_count integer,
    oecm_polygon_count integer,
    oecm_point_count integer,
    protected_area_polygon_count integer,
    protected_area_point_count integer,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_country_statistics_on_country_id on country_statistics (country_id);
end if; end $$;

do $$ begin if to_regclass('public.global_statistics') is null then
  create table global_statistics (
    id bigserial primary key,
    singleton_guard integer not null default 0 check (singleton_guard = 0),
    total_protected_areas integer,
    total_terrestrial_protected_areas integer,
    total_marine_protected_areas integer,
    total_land_area_protected integer,
    total_ocean_area_protected integer,
    national_waters_pa_coverage_area integer,
    high_seas_pa_coverage_area integer,
    total_oecms integer,
    total_terrestrial_oecms integer,
    total_marine_oecms integer,
    total_land_area_oecms integer,
    total_ocean_area_oecms integer,
    national_waters_oecms_coverage_area integer,
    total_oecms_pas integer,
    total_terrestrial_oecms_pas integer,
    total_marine_oecms_pas integer,
    total_land_area_oecms_pas integer,
    total_ocean_area_oecms_pas integer,
    national_waters_oecms_pas_coverage_area integer,
    global_oecms_pas integer,
    green_list_area integer,
    green_list_count integer,
    total_land_pa_coverage_percentage double precision,
    total_ocean_pa_coverage_percentage double precision,
    national_waters_pa_coverage_percentage double precision,
    high_seas_pa_coverage_percentage double precision,
    national_waters_percentage double precision,
    global_ocean_percentage double precision,
    total_land_oecms_coverage_percentage double precision,
    total_ocean_oecms_coverage_percentage double precision,
    national_waters_oecms_coverage_percentage double precision,
    total_land_oecms_pas_coverage_percentage double precision,
    total_ocean_oecms_pas_coverage_percentage double precision,
    national_waters_oecms_pas_coverage_percentage double precision,
    global_oecms_pas_coverage_percentage double precision,
    green_list_perc double precision,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create unique index index_global_statistics_on_singleton_guard on global_statistics (singleton_guard);
end if; end $$;

do $$ begin if to_regclass('public.pame_sources') is null then
  create table pame_sources (
    id serial primary key,
    data_title character varying,
    resp_party character varying,
    language character varying,
    year integer,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
end if; end $$;

do $$ begin if to_regclass('public.pame_evaluations') is null then
  create table pame_evaluations (
    id serial primary key,
    protected_area_id integer,
    protected_area_parcel_id bigint,
    pame_source_id integer references pame_sources (id),
    pame_method_id integer references pame_methods (id),
    asmt_id integer,
    asmt_year integer,
    submit_year integer,
    site_id integer,
    site_pid character varying,
    method character varying,
    verif_eff character varying,
    info_url character varying,
    gov_act character varying,
    gov_asmt character varying,
    dp_bio character varying,
    dp_other character varying,
    mgmt_obset character varying,
    mgmt_obman character varying,
    mgmt_adapt character varying,
    mgmt_staff character varying,
    mgmt_budgt character varying,
    mgmt_thrts character varying,
    mgmt_mon character varying,
    out_bio character varying,
    name character varying not null default '',
    asmt_url text not null default '',
    eff_metaid integer not null default -1,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null,
    constraint pame_evaluations_area_xor check ((protected_area_id is null) <> (protected_area_parcel_id is null))
  );
  create index index_pame_evaluations_on_protected_area_id on pame_evaluations (protected_area_id);
  create index index_pame_evaluations_on_protected_area_parcel_id on pame_evaluations (protected_area_parcel_id);
  create index index_pame_evaluations_on_pame_source_id on pame_evaluations (pame_source_id);
  create index index_pame_evaluations_on_pame_method_id on pame_evaluations (pame_method_id);
  create index index_pame_evaluations_on_asmt_id on pame_evaluations (asmt_id);
  create index index_pame_evaluations_on_asmt_year on pame_evaluations (asmt_year);
  create index index_pame_evaluations_on_submit_year on pame_evaluations (submit_year);
  create index index_pame_evaluations_on_name on pame_evaluations (name);
end if; end $$;

do $$ begin if to_regclass('public.pame_statistics') is null then
  create table pame_statistics (
    id serial primary key,
    country_id integer,
    assessments integer,
    assessed_pas integer,
    average_score double precision,
    total_area_assessed double precision,
    percentage_area_assessed double precision,
    pame_pa_land_area double precision,
    pame_pa_marine_area double precision,
    pame_percentage_pa_land_cover double precision,
    pame_percentage_pa_marine_cover double precision
  );
  create unique index index_pame_statistics_on_country_id on pame_statistics (country_id);
end if; end $$;

do $$ begin if to_regclass('public.story_map_links') is null then
  create table story_map_links (
    id serial primary key,
    protected_area_id integer,
    link character varying,
    link_type character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_story_map_links_on_protected_area_id on story_map_links (protected_area_id);
end if; end $$;

do $$ begin if to_regclass('public.aichi11_targets') is null then
  create table aichi11_targets (
    id bigserial primary key,
    singleton_guard integer not null default 0 check (singleton_guard = 0),
    coverage_terrestrial double precision,
    coverage_marine double precision,
    effectively_managed_terrestrial double precision,
    effectively_managed_marine double precision,
    representative_global double precision,
    well_connected_global double precision,
    importance_global double precision,
    representative_global_value double precision,
    well_connected_global_value double precision,
    importance_global_value double precision,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create unique index index_aichi11_targets_on_singleton_guard on aichi11_targets (singleton_guard);
end if; end $$;
