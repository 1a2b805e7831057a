-- The upstream portal (DMP) as the release reads it. Columns and keys that the nine materialized views need are all
-- here; types are those that their SQL asks for. Safe to run again: nothing that is there is touched.

CREATE SCHEMA IF NOT EXISTS wdpa;
CREATE SCHEMA IF NOT EXISTS reference;
CREATE SCHEMA IF NOT EXISTS pame;
CREATE SCHEMA IF NOT EXISTS demo;

-- Catalogs all look alike. A view shows the English description, or the code where there is none.
DO $$
DECLARE catalog text;
BEGIN
  FOREACH catalog IN ARRAY ARRAY[
    'wdpa.site_type_cat', 'wdpa.designation_eng_cat', 'wdpa.designation_type_cat', 'wdpa.iucn_category_cat',
    'wdpa.no_take_cat', 'wdpa.governance_type_cat', 'wdpa.governance_subtype_cat', 'wdpa.ownership_type_cat',
    'wdpa.ownership_subtype_cat', 'wdpa.status_cat', 'wdpa.verification_cat', 'wdpa.realm_cat',
    'wdpa.inland_waters_cat', 'wdpa.conservation_objective_cat', 'wdpa.oecm_assessment_cat',
    'wdpa.character_set_cat', 'wdpa.language_cat', 'reference.international_criteria_cat',
    'pame.greenlist_status_cat', 'pame.method_cat', 'pame.verification_effectiveness_cat',
    'pame.governance_action_cat', 'pame.governance_assessment_cat', 'pame.designation_purpose_biodiversity_cat',
    'pame.designation_purpose_other_cat', 'pame.outcomes_biodiversity_cat', 'pame.management_objectives_set_cat',
    'pame.management_objectives_managed_cat', 'pame.management_adaptation_cat', 'pame.management_staff_cat',
    'pame.management_budget_cat', 'pame.management_threats_cat', 'pame.management_monitoring_cat']
  LOOP
    EXECUTE format('CREATE TABLE IF NOT EXISTS %s (id integer PRIMARY KEY, code text NOT NULL UNIQUE, description jsonb)',
                   catalog);
  END LOOP;
END $$;

CREATE TABLE IF NOT EXISTS wdpa.data_restriction_levels (id integer PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS wdpa.provider (id integer PRIMARY KEY, responsible_party text);
CREATE TABLE IF NOT EXISTS reference.iso3 (id integer PRIMARY KEY, code text NOT NULL UNIQUE);

-- originator_id is the public id (METADATAID) and, for history's sake, not unique.
CREATE TABLE IF NOT EXISTS wdpa.source (
  id integer PRIMARY KEY, originator_id integer, provider_id integer, data_title text, verifier text, year text,
  update_year text, language text, character_set text, reference_system text, scale text, lineage text,
  citation text, disclaimer text);

-- No unique key on (site_id, parcel_id): the portal keeps old versions beside the current one, and duplicates happen.
CREATE TABLE IF NOT EXISTS wdpa.wdpas (
  id bigint PRIMARY KEY, site_id bigint NOT NULL, parcel_id text, english_name text, original_name text,
  site_type_id integer, english_designation_id integer, english_designation_text text, original_designation text,
  designation_type_id integer, iucn_category_id integer, realm_id integer, reported_area numeric,
  reported_marine_area numeric, gis_area numeric, gis_marine_area numeric, no_take_id integer, no_take_area numeric,
  status_id integer, status_year integer, governance_type_id integer, ownership_type_id integer,
  management_authority text, management_plan text, verification_id integer, source_id integer,
  data_restriction_level_id integer, conservation_objective_id integer, inland_waters_id integer,
  supplemental_info text, archived_at timestamp);

-- The column is untyped geometry: a wrong SRID is found by preflight and not refused here.
CREATE TABLE IF NOT EXISTS wdpa.spatial_data (
  id bigint PRIMARY KEY, wdpa_id bigint NOT NULL, is_polygon integer NOT NULL, geom geometry);
-- Doubles do not compress: trying costs a third of the load's time. Guarded, because the ALTER waits for readers.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_attribute
             WHERE attrelid = 'wdpa.spatial_data'::regclass AND attname = 'geom' AND attstorage <> 'e') THEN
    ALTER TABLE wdpa.spatial_data ALTER COLUMN geom SET STORAGE EXTERNAL;
  END IF;
END $$;

CREATE TABLE IF NOT EXISTS wdpa.wdpa_iso3 (
  wdpa_id bigint NOT NULL, iso3_id integer NOT NULL, PRIMARY KEY (wdpa_id, iso3_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_parent_iso3 (
  wdpa_id bigint NOT NULL, parent_iso3_id integer NOT NULL, PRIMARY KEY (wdpa_id, parent_iso3_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_international_criteria (
  wdpa_id bigint NOT NULL, international_criteria_cat_id integer NOT NULL,
  PRIMARY KEY (wdpa_id, international_criteria_cat_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_governance_subtypes (
  wdpa_id bigint NOT NULL, governance_subtype_cat_id integer NOT NULL,
  PRIMARY KEY (wdpa_id, governance_subtype_cat_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_ownership_subtypes (
  wdpa_id bigint NOT NULL, ownership_subtype_cat_id integer NOT NULL,
  PRIMARY KEY (wdpa_id, ownership_subtype_cat_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_oecm_assessments (
  wdpa_id bigint NOT NULL, oecm_assessment_cat_id integer NOT NULL, PRIMARY KEY (wdpa_id, oecm_assessment_cat_id));
CREATE TABLE IF NOT EXISTS wdpa.wdpa_languages (
  wdpa_id bigint NOT NULL, language_id integer NOT NULL, PRIMARY KEY (wdpa_id, language_id));

CREATE TABLE IF NOT EXISTS pame.pame_sources (
  id integer PRIMARY KEY, eff_metaid bigint, data_title text, resp_party text, resp_email text, resp_pers text,
  year integer, language text);
CREATE TABLE IF NOT EXISTS pame.pame (
  id bigint PRIMARY KEY, asmt_id bigint, pame_source_id integer, site_id bigint, parcel_id text, method_id integer,
  method_text text, submit_year integer, asmt_year integer, asmt_url text, info_url text,
  verification_effectiveness_id integer, governance_action_id integer, governance_assessment_id integer,
  designation_purpose_other_id integer, outcomes_biodiversity_id integer, management_objectives_set_id integer,
  management_objectives_managed_id integer, management_adaptation_id integer, management_staff_id integer,
  management_budget_id integer, management_threats_id integer, management_monitoring_id integer,
  archived_at timestamp);
CREATE TABLE IF NOT EXISTS pame.pame_designation_purpose_biodiversity_cats (
  pame_id bigint NOT NULL, designation_purpose_biodiversity_cat_id integer NOT NULL,
  PRIMARY KEY (pame_id, designation_purpose_biodiversity_cat_id));
-- gl_expiry is a year (2027) or a day (20271231).
CREATE TABLE IF NOT EXISTS pame.greenlists (
  id bigint PRIMARY KEY, site_id bigint, parcel_id text, gl_status_id integer, gl_expiry integer, gl_link text,
  archived_at timestamp);

-- Of the demo only: what the tables above were last filled with.
CREATE TABLE IF NOT EXISTS demo.seeding (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), sites integer NOT NULL, seed bigint NOT NULL,
  month integer NOT NULL, seeded_at timestamptz NOT NULL DEFAULT now());
