-- From the work tables into the portal. Rows are deleted rather than truncated: a reader that began before the COMMIT
-- (postgres_fdw reads REPEATABLE READ) still finds the old ones, while after TRUNCATE it would find nothing.
-- seed.ts has locked the tables, dropped keys.sql and deleted what was there.

INSERT INTO reference.iso3 (id, code) SELECT id, iso3 FROM w_country ORDER BY id;
-- The designations that the months since have brought.
INSERT INTO wdpa.designation_eng_cat (id, code, description)
SELECT 1000 + m, 'NEW' || lpad(m::text, 3, '0'),
       CASE WHEN m % 4 <> 3 THEN jsonb_build_object('en', (ARRAY['Nature Recovery Area', 'Climate Refuge', 'Highly Protected Marine Area', 'Biodiversity Net Gain Site'])[1 + m % 4]
         || CASE WHEN m > 4 THEN ' ' || (2026 + m / 12) ELSE '' END) END
FROM generate_series(1, :month) AS m;

INSERT INTO wdpa.provider (id, responsible_party) SELECT id, responsible_party FROM w_provider;
INSERT INTO wdpa.source (id, originator_id, provider_id, data_title, verifier, year, update_year, language, character_set,
                         reference_system, scale, lineage, citation, disclaimer)
SELECT id, originator_id, provider_id, data_title, verifier, year, update_year, language, character_set,
       reference_system, scale, lineage, citation, disclaimer
FROM w_source_row;

INSERT INTO wdpa.wdpas (id, site_id, parcel_id, english_name, original_name, site_type_id, english_designation_id,
  english_designation_text, original_designation, designation_type_id, iucn_category_id, realm_id, reported_area,
  reported_marine_area, gis_area, gis_marine_area, no_take_id, no_take_area, status_id, status_year,
  governance_type_id, ownership_type_id, management_authority, management_plan, verification_id, source_id,
  data_restriction_level_id, conservation_objective_id, inland_waters_id, supplemental_info, archived_at)
SELECT id, site_id, parcel_id, english_name, original_name, site_type_id, english_designation_id,
  english_designation_text, original_designation, designation_type_id, iucn_category_id, realm_id, reported_area,
  reported_marine_area, gis_area, gis_marine_area, no_take_id, no_take_area, status_id, status_year,
  governance_type_id, ownership_type_id, management_authority, management_plan, verification_id, source_id,
  data_restriction_level_id, conservation_objective_id, inland_waters_id, supplemental_info, archived_at
FROM w_wdpa;

-- Shapes are turned, sized, moved to their place and widened by latitude, all in one affine transformation.
INSERT INTO wdpa.spatial_data (id, wdpa_id, is_polygon, geom)
SELECT l.id, l.id, polygon::integer, CASE
    WHEN polygon THEN ST_Affine(t.geom, radius / narrowing * cos(turn), -radius / narrowing * sin(turn),
                                radius * sin(turn), radius * cos(turn), x, y)
    WHEN shape % 10 < 3 THEN ST_SetSRID(ST_MakePoint(x, y), 4326)
    WHEN shape % 10 < 9 THEN ST_Multi(ST_SetSRID(ST_MakePoint(x, y), 4326))
    ELSE ST_SetSRID(ST_Collect(ST_MakePoint(x, y), ST_MakePoint(x + radius / 2, y)), 4326) END
FROM w_place l JOIN w_shape t ON t.n = l.shape;

INSERT INTO wdpa.wdpa_iso3 SELECT wdpa_id, iso3_id FROM w_iso3;
INSERT INTO wdpa.wdpa_parent_iso3 SELECT wdpa_id, parent_iso3_id FROM w_parent_iso3;
INSERT INTO wdpa.wdpa_international_criteria SELECT wdpa_id, cat_id FROM w_criteria;
INSERT INTO wdpa.wdpa_governance_subtypes SELECT DISTINCT wdpa_id, governance FROM w_subtype;
INSERT INTO wdpa.wdpa_ownership_subtypes SELECT DISTINCT wdpa_id, ownership FROM w_subtype WHERE u < 0.08;
INSERT INTO wdpa.wdpa_oecm_assessments SELECT wdpa_id, cat_id FROM w_assessment;
INSERT INTO wdpa.wdpa_languages SELECT id, 1 + demo.pick(id, 'language', :seed, 12) FROM w_wdpa WHERE demo.u(id, 'languages', :seed) < 0.1;

INSERT INTO pame.pame_sources SELECT id, eff_metaid, data_title, resp_party, resp_email, resp_pers, year, language FROM w_pame_source;
INSERT INTO pame.pame (id, asmt_id, pame_source_id, site_id, parcel_id, method_id, method_text, submit_year, asmt_year, asmt_url, info_url,
  verification_effectiveness_id, governance_action_id, governance_assessment_id, designation_purpose_other_id,
  outcomes_biodiversity_id, management_objectives_set_id, management_objectives_managed_id, management_adaptation_id,
  management_staff_id, management_budget_id, management_threats_id, management_monitoring_id, archived_at)
SELECT id, asmt_id, pame_source_id, site_id, parcel_id, method_id, method_text, submit_year, asmt_year, asmt_url, info_url,
  verification_effectiveness_id, answers[1], answers[2], designation_purpose_other_id, answers[3], answers[4], answers[5],
  answers[6], answers[7], answers[8], answers[9], answers[10], archived_at
FROM w_pame_row;
INSERT INTO pame.pame_designation_purpose_biodiversity_cats
SELECT DISTINCT p.id, 1 + demo.pick(p.id * 4 + n, 'biodiversity', :seed, 6)
FROM w_pame_row p, generate_series(1, 3) AS n WHERE demo.u(p.id * 4 + n, 'purposes', :seed) < 0.5;
INSERT INTO pame.greenlists SELECT id, site_id, parcel_id, gl_status_id, gl_expiry, gl_link, archived_at FROM w_greenlist;

INSERT INTO demo.seeding (sites, seed, month) VALUES (:sites, :seed, :month);
