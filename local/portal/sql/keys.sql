-- Foreign keys and secondary indexes of the portal. Safe to run again; the seeding drops them before it loads and
-- runs this file after, since checking a million rows at once is some twenty times faster than one by one.

DO $$
DECLARE fk record;
BEGIN
  FOR fk IN
    SELECT split_part(line, ' ', 1) AS tbl, split_part(line, ' ', 2) AS col, split_part(line, ' ', 3) AS target
    FROM regexp_split_to_table($fks$wdpa.source provider_id wdpa.provider
wdpa.wdpas source_id wdpa.source
wdpa.wdpas site_type_id wdpa.site_type_cat
wdpa.wdpas english_designation_id wdpa.designation_eng_cat
wdpa.wdpas designation_type_id wdpa.designation_type_cat
wdpa.wdpas iucn_category_id wdpa.iucn_category_cat
wdpa.wdpas no_take_id wdpa.no_take_cat
wdpa.wdpas governance_type_id wdpa.governance_type_cat
wdpa.wdpas ownership_type_id wdpa.ownership_type_cat
wdpa.wdpas realm_id wdpa.realm_cat
wdpa.wdpas status_id wdpa.status_cat
wdpa.wdpas verification_id wdpa.verification_cat
wdpa.wdpas data_restriction_level_id wdpa.data_restriction_levels
wdpa.wdpas conservation_objective_id wdpa.conservation_objective_cat
wdpa.wdpas inland_waters_id wdpa.inland_waters_cat
wdpa.spatial_data wdpa_id wdpa.wdpas
wdpa.wdpa_iso3 wdpa_id wdpa.wdpas
wdpa.wdpa_iso3 iso3_id reference.iso3
wdpa.wdpa_parent_iso3 wdpa_id wdpa.wdpas
wdpa.wdpa_parent_iso3 parent_iso3_id reference.iso3
wdpa.wdpa_international_criteria wdpa_id wdpa.wdpas
wdpa.wdpa_international_criteria international_criteria_cat_id reference.international_criteria_cat
wdpa.wdpa_governance_subtypes wdpa_id wdpa.wdpas
wdpa.wdpa_governance_subtypes governance_subtype_cat_id wdpa.governance_subtype_cat
wdpa.wdpa_ownership_subtypes wdpa_id wdpa.wdpas
wdpa.wdpa_ownership_subtypes ownership_subtype_cat_id wdpa.ownership_subtype_cat
wdpa.wdpa_oecm_assessments wdpa_id wdpa.wdpas
wdpa.wdpa_oecm_assessments oecm_assessment_cat_id wdpa.oecm_assessment_cat
wdpa.wdpa_languages wdpa_id wdpa.wdpas
wdpa.wdpa_languages language_id wdpa.language_cat
pame.pame pame_source_id pame.pame_sources
pame.pame method_id pame.method_cat
pame.pame verification_effectiveness_id pame.verification_effectiveness_cat
pame.pame governance_action_id pame.governance_action_cat
pame.pame governance_assessment_id pame.governance_assessment_cat
pame.pame designation_purpose_other_id pame.designation_purpose_other_cat
pame.pame outcomes_biodiversity_id pame.outcomes_biodiversity_cat
pame.pame management_objectives_set_id pame.management_objectives_set_cat
pame.pame management_objectives_managed_id pame.management_objectives_managed_cat
pame.pame management_adaptation_id pame.management_adaptation_cat
pame.pame management_staff_id pame.management_staff_cat
pame.pame management_budget_id pame.management_budget_cat
pame.pame management_threats_id pame.management_threats_cat
pame.pame management_monitoring_id pame.management_monitoring_cat
pame.pame_designation_purpose_biodiversity_cats pame_id pame.pame
pame.pame_designation_purpose_biodiversity_cats designation_purpose_biodiversity_cat_id pame.designation_purpose_biodiversity_cat
pame.greenlists gl_status_id pame.greenlist_status_cat$fks$, '\n') AS line
  LOOP
    IF NOT EXISTS (SELECT FROM pg_constraint c
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                   WHERE c.contype = 'f' AND c.conrelid = fk.tbl::regclass AND a.attname = fk.col) THEN
      EXECUTE format('ALTER TABLE %s ADD FOREIGN KEY (%I) REFERENCES %s', fk.tbl, fk.col, fk.target);
    END IF;
  END LOOP;
END $$;

CREATE INDEX IF NOT EXISTS source_originator_id_idx ON wdpa.source (originator_id);
CREATE INDEX IF NOT EXISTS source_provider_id_idx ON wdpa.source (provider_id);
CREATE INDEX IF NOT EXISTS wdpas_site_id_parcel_id_idx ON wdpa.wdpas (site_id, parcel_id);
CREATE INDEX IF NOT EXISTS wdpas_source_id_idx ON wdpa.wdpas (source_id);
CREATE INDEX IF NOT EXISTS wdpas_archived_at_idx ON wdpa.wdpas (archived_at) WHERE archived_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS spatial_data_wdpa_id_idx ON wdpa.spatial_data (wdpa_id);
CREATE INDEX IF NOT EXISTS spatial_data_geom_idx ON wdpa.spatial_data USING gist (geom);
CREATE INDEX IF NOT EXISTS wdpa_iso3_iso3_id_idx ON wdpa.wdpa_iso3 (iso3_id);
CREATE INDEX IF NOT EXISTS wdpa_parent_iso3_parent_iso3_id_idx ON wdpa.wdpa_parent_iso3 (parent_iso3_id);
CREATE INDEX IF NOT EXISTS pame_site_id_parcel_id_idx ON pame.pame (site_id, parcel_id);
CREATE INDEX IF NOT EXISTS pame_pame_source_id_idx ON pame.pame (pame_source_id);
CREATE INDEX IF NOT EXISTS greenlists_site_id_parcel_id_idx ON pame.greenlists (site_id, parcel_id);
