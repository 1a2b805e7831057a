-- The tables of the old system's live database as of May 2026, as twelve years of its migrations have left them: order of columns,
-- types, names of indexes and keys. Tables of the content management are left out. No migration was found for realms: int8 is assumed.


create table regions (
  id serial primary key, name varchar, created_at timestamp, updated_at timestamp, iso varchar, bounding_box geometry
);

create table countries (
  id serial primary key, name text, iso varchar, iso_3 varchar, created_at timestamp, updated_at timestamp, language varchar,
  region_id integer, bounding_box geometry, marine_pas_geom geometry, land_pas_geom geometry, land_geom geometry,
  eez_geom geometry, ts_geom geometry, marine_ts_pas_geom geometry, marine_eez_pas_geom geometry, country_id integer,
  is_biopama boolean default false not null
);
create index index_countries_on_land_geom on countries using gist (land_geom);
create index index_countries_on_eez_geom on countries using gist (eez_geom);
create index index_countries_on_ts_geom on countries using gist (ts_geom);
create index index_countries_on_land_pas_geom on countries using gist (land_pas_geom);
create index index_countries_on_marine_pas_geom on countries using gist (marine_pas_geom);
create index index_countries_on_marine_ts_pas_geom on countries using gist (marine_ts_pas_geom);
create index index_countries_on_marine_eez_pas_geom on countries using gist (marine_eez_pas_geom);
create index index_countries_on_iso_3 on countries (iso_3);
create index index_countries_on_iso on countries (iso);

-- Lookups. No unique name anywhere but in pame_methods; realms and pame_methods have int8 keys (Rails 5.2).
create table legal_statuses (id serial primary key, name varchar, created_at timestamp, updated_at timestamp);
create table iucn_categories (id serial primary key, name varchar, created_at timestamp, updated_at timestamp);
create table governances (id serial primary key, name varchar, created_at timestamp, updated_at timestamp, governance_type varchar);
create table management_authorities (id serial primary key, name varchar, created_at timestamp, updated_at timestamp);
create table designations (id serial primary key, name varchar, created_at timestamp, updated_at timestamp, jurisdiction_id integer);
create index index_designations_on_jurisdiction_id on designations (jurisdiction_id);
create table jurisdictions (id serial primary key, name varchar, created_at timestamp, updated_at timestamp);
create table realms (id bigserial primary key, name varchar, created_at timestamp not null, updated_at timestamp not null);
create table pame_methods (id bigserial primary key, name varchar not null, created_at timestamp not null, updated_at timestamp not null);
create unique index index_pame_methods_on_name on pame_methods (name);

create table no_take_statuses (id serial primary key, name varchar, area numeric, created_at timestamp, updated_at timestamp);

create table green_list_statuses (
  id bigserial primary key, gl_status varchar, gl_expiry date, created_at timestamp not null, updated_at timestamp not null,
  gl_link varchar
);

create table sources (
  id serial primary key, title varchar, responsible_party varchar, responsible_email varchar, year date, language varchar,
  character_set varchar, reference_system varchar, scale varchar, lineage text, citation text, disclaimer text,
  created_at timestamp, updated_at timestamp, metadataid integer, update_year date, verifier varchar
);
create index index_sources_on_metadataid on sources (metadataid);

create table protected_areas (
  id serial primary key, created_at timestamp, updated_at timestamp, the_geom geometry, wdpa_id integer, name text,
  original_name text, marine boolean, reported_marine_area numeric, reported_area numeric, gis_area numeric,
  gis_marine_area numeric, legal_status_id integer, legal_status_updated_at timestamp, iucn_category_id integer,
  governance_id integer, management_plan text, management_authority_id integer, international_criteria varchar,
  no_take_status_id integer, designation_id integer, slug text, the_geom_longitude varchar, the_geom_latitude varchar,
  has_irreplaceability_info boolean default false, has_parcc_info boolean default false, owner_type text,
  is_oecm boolean default false not null, green_list_status_id bigint, is_dopa boolean default false,
  supplementary_info varchar, conservation_objectives varchar, marine_type integer, verif varchar, parent_iso3 varchar,
  wdpa_pid text, site_id integer, site_pid text, governance_subtype varchar, inland_waters varchar,
  ownership_subtype varchar, oecm_assessment varchar, site_type varchar, realm_id integer
);
create unique index index_protected_areas_on_wdpa_id on protected_areas (wdpa_id);
create index index_protected_areas_on_legal_status_id on protected_areas (legal_status_id);
create index index_protected_areas_on_iucn_category_id on protected_areas (iucn_category_id);
create index index_protected_areas_on_governance_id on protected_areas (governance_id);
create index index_protected_areas_on_management_authority_id on protected_areas (management_authority_id);
create index index_protected_areas_on_no_take_status_id on protected_areas (no_take_status_id);
create index index_protected_areas_on_designation_id on protected_areas (designation_id);
create index index_protected_areas_on_slug on protected_areas (slug);
create index index_protected_areas_on_the_geom on protected_areas using gist (the_geom);
create index index_protected_areas_on_green_list_status_id on protected_areas (green_list_status_id);
alter table protected_areas add constraint fk_rails_484d0aac32 foreign key (green_list_status_id) references green_list_statuses (id);
create unique index index_protected_areas_on_site_id on protected_areas (site_id);
create index index_protected_areas_on_site_pid on protected_areas (site_pid);
create index index_protected_areas_on_site_type on protected_areas (site_type);
create index index_protected_areas_on_governance_subtype on protected_areas (governance_subtype);
create index index_protected_areas_on_oecm_assessment on protected_areas (oecm_assessment);
create index index_protected_areas_on_realm_id on protected_areas (realm_id);

create table protected_area_parcels (
  id bigserial primary key, created_at timestamp not null, updated_at timestamp not null, wdpa_id integer, wdpa_pid text,
  name text, original_name text, marine boolean, reported_marine_area numeric, reported_area numeric, gis_area numeric,
  gis_marine_area numeric, owner_type varchar, is_dopa boolean default false, governance_id integer, designation_id integer,
  management_plan text, legal_status_id integer, iucn_category_id integer, no_take_status_id integer, slug text,
  is_oecm boolean default false not null, marine_type integer, verif varchar, parent_iso3 varchar,
  has_parcc_info boolean default false, international_criteria varchar, supplementary_info varchar,
  conservation_objectives varchar, legal_status_updated_at timestamp, management_authority_id integer,
  has_irreplaceability_info boolean default false, site_id integer, site_pid text, governance_subtype varchar,
  inland_waters varchar, ownership_subtype varchar, oecm_assessment varchar, site_type varchar, realm_id integer,
  the_geom geometry, the_geom_longitude varchar, the_geom_latitude varchar, green_list_status_id bigint
);
create index index_protected_area_parcels_on_slug on protected_area_parcels (slug);
create index index_protected_area_parcels_on_wdpa_id on protected_area_parcels (wdpa_id);
create index index_protected_area_parcels_on_wdpa_pid on protected_area_parcels (wdpa_pid);
create index index_protected_area_parcels_on_governance_id on protected_area_parcels (governance_id);
create index index_protected_area_parcels_on_designation_id on protected_area_parcels (designation_id);
create index index_protected_area_parcels_on_legal_status_id on protected_area_parcels (legal_status_id);
create index index_protected_area_parcels_on_iucn_category_id on protected_area_parcels (iucn_category_id);
create index index_protected_area_parcels_on_no_take_status_id on protected_area_parcels (no_take_status_id);
create index index_protected_area_parcels_on_management_authority_id on protected_area_parcels (management_authority_id);
create unique index index_protected_area_parcels_on_wdpa_id_and_wdpa_pid on protected_area_parcels (wdpa_id, wdpa_pid);
create index index_protected_area_parcels_on_site_id on protected_area_parcels (site_id);
create index index_protected_area_parcels_on_site_pid on protected_area_parcels (site_pid);
create unique index index_protected_area_parcels_on_site_id_and_site_pid on protected_area_parcels (site_id, site_pid);
create index index_protected_area_parcels_on_site_type on protected_area_parcels (site_type);
create index index_protected_area_parcels_on_governance_subtype on protected_area_parcels (governance_subtype);
create index index_protected_area_parcels_on_oecm_assessment on protected_area_parcels (oecm_assessment);
create index index_protected_area_parcels_on_realm_id on protected_area_parcels (realm_id);
create index index_protected_area_parcels_on_the_geom on protected_area_parcels using gist (the_geom);
create index index_protected_area_parcels_on_green_list_status_id on protected_area_parcels (green_list_status_id);
alter table protected_area_parcels add constraint fk_rails_dc4a038053 foreign key (green_list_status_id) references green_list_statuses (id);

-- Junctions: the site's column first.
create table countries_protected_areas (protected_area_id integer, country_id integer);
create index index_countries_protected_areas_composite on countries_protected_areas (protected_area_id, country_id);
create index index_countries_protected_areas_on_country_id on countries_protected_areas (country_id);
create table countries_protected_area_parcels (protected_area_parcel_id bigint, country_id bigint);
create index index_countries_pa_parcels on countries_protected_area_parcels (protected_area_parcel_id, country_id);
create index index_countries_pa_parcels_country on countries_protected_area_parcels (country_id);
create table protected_areas_sources (protected_area_id integer, source_id integer);
create index index_protected_areas_sources_composite on protected_areas_sources (protected_area_id, source_id);
create index index_protected_areas_sources_on_source_id on protected_areas_sources (source_id);
create table protected_area_parcels_sources (protected_area_parcel_id bigint, source_id bigint);
create index idx_pa_parcels_sources_parcel_id on protected_area_parcels_sources (protected_area_parcel_id);
create index idx_pa_parcels_sources_source_id on protected_area_parcels_sources (source_id);
create index idx_pa_parcels_sources_composite on protected_area_parcels_sources (protected_area_parcel_id, source_id);

create table pame_sources (
  id serial primary key, data_title varchar, resp_party varchar, year integer, language varchar, created_at timestamp, updated_at timestamp
);
create table pame_evaluations (
  id serial primary key, protected_area_id integer, method varchar, asmt_year integer, created_at timestamp not null,
  updated_at timestamp not null, eff_metaid integer default -1 not null, asmt_url varchar default '' not null,
  pame_source_id integer, name varchar default '' not null, protected_area_parcel_id integer, site_id integer,
  site_pid varchar, asmt_id integer, submit_year integer, verif_eff varchar, info_url varchar, gov_act varchar, gov_asmt varchar,
  dp_bio varchar, dp_other varchar, mgmt_obset varchar, mgmt_obman varchar, mgmt_adapt varchar, mgmt_staff varchar,
  mgmt_budgt varchar, mgmt_thrts varchar, mgmt_mon varchar, out_bio varchar, pame_method_id bigint
);
create index index_pame_evaluations_on_name on pame_evaluations (name);
create index index_pame_evaluations_on_protected_area_parcel_id on pame_evaluations (protected_area_parcel_id);
create index index_pame_evaluations_on_pame_method_id on pame_evaluations (pame_method_id);
create index index_pame_evaluations_on_protected_area_id on pame_evaluations (protected_area_id);
create index index_pame_evaluations_on_pame_source_id on pame_evaluations (pame_source_id);
create index index_pame_evaluations_on_asmt_year on pame_evaluations (asmt_year);
create index index_pame_evaluations_on_asmt_id on pame_evaluations (asmt_id);
create index index_pame_evaluations_on_submit_year on pame_evaluations (submit_year);
alter table pame_evaluations add constraint fk_rails_3c07db5e73 foreign key (pame_source_id) references pame_sources (id);
alter table pame_evaluations add constraint fk_rails_405688aef8 foreign key (pame_method_id) references pame_methods (id);
alter table pame_evaluations add constraint pame_evaluations_area_xor
  check ((protected_area_id is null) <> (protected_area_parcel_id is null)) not valid;
create table countries_pame_evaluations (pame_evaluation_id integer not null, country_id integer not null);
create unique index index_pame_evaluations_countries on countries_pame_evaluations (country_id, pame_evaluation_id);

create table country_statistics (
  id serial primary key, country_id integer, pa_area float8, percentage_cover_pas float8, created_at timestamp, updated_at timestamp,
  eez_area float8, ts_area float8, pa_land_area float8, pa_marine_area float8, percentage_pa_land_cover float8,
  percentage_pa_eez_cover float8, percentage_pa_ts_cover float8, land_area float8, percentage_pa_cover float8,
  pa_eez_area float8, pa_ts_area float8, percentage_pa_marine_cover float8, marine_area float8, polygons_count integer,
  points_count integer, percentage_nr_land_cover float8, percentage_nr_marine_cover float8, nr_version integer,
  nr_report_url varchar, percentage_well_connected float8, percentage_importance float8, jrc_country_area float8,
  jrc_terr_area float8, oecms_pa_marine_area float8, oecms_pa_land_area float8, percentage_oecms_pa_land_cover float8,
  percentage_oecms_pa_marine_cover float8, oecm_polygon_count integer, oecm_point_count integer,
  protected_area_polygon_count integer, protected_area_point_count integer
);
create table pame_statistics (
  id serial primary key, country_id integer, assessments integer, assessed_pas integer, average_score float8,
  total_area_assessed float8, percentage_area_assessed float8, pame_pa_land_area float8, pame_percentage_pa_land_cover float8,
  pame_pa_marine_area float8, pame_percentage_pa_marine_cover float8
);
create unique index index_pame_statistics_on_country_id on pame_statistics (country_id);
create table global_statistics (
  id bigserial primary key, singleton_guard integer, total_protected_areas integer, total_terrestrial_protected_areas integer,
  total_marine_protected_areas integer, total_land_pa_coverage_percentage float8, total_land_area_protected integer,
  total_ocean_pa_coverage_percentage float8, total_ocean_area_protected integer, national_waters_pa_coverage_percentage float8,
  national_waters_pa_coverage_area integer, high_seas_pa_coverage_percentage float8, high_seas_pa_coverage_area integer,
  national_waters_percentage float8, global_ocean_percentage float8, total_oecms integer, total_terrestrial_oecms integer,
  total_marine_oecms integer, total_land_oecms_coverage_percentage float8, total_land_area_oecms integer,
  total_ocean_oecms_coverage_percentage float8, total_ocean_area_oecms integer, national_waters_oecms_coverage_percentage float8,
  national_waters_oecms_coverage_area integer, total_oecms_pas integer, total_terrestrial_oecms_pas integer,
  total_marine_oecms_pas integer, total_land_oecms_pas_coverage_percentage float8, total_land_area_oecms_pas integer,
  total_ocean_oecms_pas_coverage_percentage float8, total_ocean_area_oecms_pas integer,
  national_waters_oecms_pas_coverage_percentage float8, national_waters_oecms_pas_coverage_area integer,
  global_oecms_pas_coverage_percentage float8, global_oecms_pas integer, green_list_perc float8, green_list_area integer,
  green_list_count integer, created_at timestamp not null, updated_at timestamp not null
);
create unique index index_global_statistics_on_singleton_guard on global_statistics (singleton_guard);
create table aichi11_targets (
  id serial primary key, singleton_guard integer default 0 not null, coverage_terrestrial float8, coverage_marine float8,
  effectively_managed_terrestrial float8, effectively_managed_marine float8, representative_global float8,
  well_connected_global float8, importance_global float8, created_at timestamp, updated_at timestamp,
  representative_global_value float8, well_connected_global_value float8, importance_global_value float8
);
create unique index index_aichi11_targets_on_singleton_guard on aichi11_targets (singleton_guard);
create table story_map_links (
  id serial primary key, protected_area_id integer, link varchar, created_at timestamp, updated_at timestamp, link_type varchar
);

create table releases (
  id bigserial primary key, label varchar not null, state varchar default 'started' not null, stats_json jsonb default '{}',
  manifest_url varchar, error_text text, created_at timestamp not null, updated_at timestamp not null,
  is_current boolean default false not null, backup_timestamp timestamp
);
create unique index index_releases_on_is_current on releases (is_current) where is_current = true;
create table release_events (
  id bigserial primary key, release_id bigint not null, phase varchar not null, payload_json jsonb default '{}', at timestamp not null
);
create index index_release_events_on_release_id on release_events (release_id);
create index index_release_events_on_phase on release_events (phase);
alter table release_events add constraint fk_rails_fbf078e78f foreign key (release_id) references releases (id);

-- Tables that name a site by its id, without a key: pictures, and things that users keep (item_type 'ProtectedArea').
create table images (
  id serial primary key, url text, created_at timestamp, updated_at timestamp, title text, lonlat point, protected_area_id integer, details_url text
);
create index index_images_on_protected_area_id on images (protected_area_id);
create table projects (id serial primary key, name text, created_at timestamp, updated_at timestamp, user_id integer);
create index index_projects_on_user_id on projects (user_id);
create table project_items (
  id serial primary key, project_id integer, item_type varchar, item_id integer, created_at timestamp, updated_at timestamp
);
create index index_project_items_on_project_id on project_items (project_id);
create table saved_searches (id serial primary key, search_term varchar, created_at timestamp, updated_at timestamp, project_id integer, filters varchar, results_ids text[] default $${}$$);
create index index_saved_searches_on_project_id on saved_searches (project_id);
create table regional_statistics (
  id serial primary key, region_id integer, area float8, pa_area float8, created_at timestamp, updated_at timestamp, eez_area float8,
  ts_area float8, pa_land_area float8, pa_marine_area float8, percentage_land float8, percentage_pa_land_cover float8,
  percentage_pa_eez_cover float8, percentage_pa_ts_cover float8, land_area float8, percentage_pa_cover float8, pa_eez_area float8,
  pa_ts_area float8, percentage_pa_marine_cover float8, pame_percentage_pa_land_cover float8, pame_percentage_pa_marine_cover float8
);
create table schema_migrations (version varchar primary key);
