-- The portal's catalogs. A row has a code and, mostly, an English description; where there is none, views show the
-- code, and where it is empty, they show nothing: both happen, so both are here.

CREATE OR REPLACE FUNCTION demo.fill_catalog(catalog text, entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
-- entries: [[id, code, description], …]; description is text (English), an object, or null.
BEGIN
  EXECUTE format($i$
    INSERT INTO %s (id, code, description)
    SELECT (e->>0)::integer, e->>1,
           CASE jsonb_typeof(e->2) WHEN 'string' THEN jsonb_build_object('en', e->2) WHEN 'object' THEN e->2 END
    FROM jsonb_array_elements($1) AS e
    ON CONFLICT (id) DO NOTHING$i$, catalog) USING entries;
END $$;

INSERT INTO wdpa.data_restriction_levels (id, code) VALUES
  (1, 'not restricted'), (2, 'commercial restriction'), (3, 'restricted'), (4, 'Not Restricted (legacy)')
ON CONFLICT (id) DO NOTHING;

SELECT demo.fill_catalog('wdpa.site_type_cat', '[[1, "PA", "PA"], [2, "OECM", null]]');
SELECT demo.fill_catalog('wdpa.realm_cat', '[[1, "terrestrial", "Terrestrial"], [2, "coastal", "Coastal"], [3, "marine", "Marine"]]');
SELECT demo.fill_catalog('wdpa.iucn_category_cat', '[[1, "Ia", null], [2, "Ib", null], [3, "II", "II"], [4, "III", "III"],
  [5, "IV", "IV"], [6, "V", {"fr": "V"}], [7, "VI", "VI"], [8, "not_reported", "Not Reported"],
  [9, "not_applicable", "Not Applicable"], [10, "not_assigned", "Not Assigned"]]');
SELECT demo.fill_catalog('wdpa.status_cat', '[[1, "proposed", "Proposed"], [2, "inscribed", "Inscribed"],
  [3, "adopted", "Adopted"], [4, "designated", "Designated"], [5, "Established", {"es": "Establecida"}],
  [6, "not_reported", "Not Reported"]]');
SELECT demo.fill_catalog('wdpa.designation_type_cat', '[[1, "national", "National"], [2, "international", "International"],
  [3, "regional", "Regional"], [4, "ABNJ", null], [5, "not_reported", "Not Reported"],
  [6, "not_applicable", "Not Applicable"]]');
SELECT demo.fill_catalog('wdpa.verification_cat', '[[1, "state", "State Verified"], [2, "expert", "Expert Verified"],
  [3, "Not Reported", null]]');
SELECT demo.fill_catalog('wdpa.no_take_cat', '[[1, "all", "All"], [2, "part", "Part"], [3, "none", "None"],
  [4, "not_reported", "Not Reported"], [5, "not_applicable", "Not Applicable"]]');
SELECT demo.fill_catalog('wdpa.governance_type_cat', '[[1, "A1", "Federal or national ministry or agency"],
  [2, "A2", "Sub-national ministry or agency"], [3, "A3", "Government-delegated management"],
  [4, "B1", "Transboundary governance"], [5, "B2", "Collaborative governance"], [6, "B3", "Joint governance"],
  [7, "C1", "Individual landowners"], [8, "C2", "Non-profit organisations"], [9, "C3", "For-profit organisations"],
  [10, "D1", "Indigenous peoples"], [11, "Local communities", null], [12, "not_reported", "Not Reported"]]');
SELECT demo.fill_catalog('wdpa.governance_subtype_cat', '[[1, "ministry", "National ministry"],
  [2, "park_service", "National park service"], [3, "forest_service", "State forest enterprise"],
  [4, "province", "Provincial or regional government"], [5, "municipality", "Municipality"],
  [6, "ngo", "Non-governmental organisation"], [7, "Trust", null], [8, "university", "University or research institute"],
  [9, "comanagement", "Co-management board"], [10, "Community conservancy", null], [11, "private_reserve", "Private reserve owner"],
  [12, "indigenous_council", "Indigenous council"]]');
SELECT demo.fill_catalog('wdpa.ownership_type_cat', '[[1, "state", "State"], [2, "communal", "Communal"],
  [3, "individual", "Individual landowners"], [4, "for_profit", "For-profit organisations"],
  [5, "non_profit", "Non-profit organisations"], [6, "joint", "Joint ownership"], [7, "multiple", "Multiple ownership"],
  [8, "Contested", null], [9, "not_reported", "Not Reported"]]');
SELECT demo.fill_catalog('wdpa.ownership_subtype_cat', '[[1, "crown", "Crown land"], [2, "federal", "Federal land"],
  [3, "province", "Provincial land"], [4, "municipal", "Municipal land"], [5, "Church land", null],
  [6, "customary", "Customary land"], [7, "lease", "Leasehold"], [8, "unspecified", ""]]');
SELECT demo.fill_catalog('wdpa.inland_waters_cat', '[[1, "all", "Entirely inland waters"], [2, "part", "Partly inland waters"],
  [3, "none", "No inland waters"], [4, "Not Reported", null]]');
SELECT demo.fill_catalog('wdpa.conservation_objective_cat', '[[1, "primary", "Primary"], [2, "secondary", "Secondary"],
  [3, "ancillary", "Ancillary"], [4, "not_reported", "Not Reported"]]');
SELECT demo.fill_catalog('wdpa.oecm_assessment_cat', '[[1, "full", "Full assessment against the OECM criteria"],
  [2, "screening", "Screening only"], [3, "consent", "Free, prior and informed consent documented"],
  [4, "Not Reported", null]]');
SELECT demo.fill_catalog('wdpa.character_set_cat', '[[1, "UTF-8", "Unicode"], [2, "ISO 8859-1", "Latin 1"], [3, "CP1252", null]]');
SELECT demo.fill_catalog('wdpa.language_cat', '[[1, "English", "English"], [2, "French", "French"], [3, "Spanish", "Spanish"],
  [4, "German", "German"], [5, "Portuguese", null], [6, "Russian", "Russian"], [7, "Arabic", "Arabic"], [8, "Chinese", "Chinese"],
  [9, "Japanese", "Japanese"], [10, "Greek", "Greek"], [11, "Swedish", "Swedish"], [12, "Hindi", "Hindi"]]');
SELECT demo.fill_catalog('reference.international_criteria_cat', '[[1, "(i)", "(i)"], [2, "(ii)", "(ii)"], [3, "(iii)", "(iii)"],
  [4, "(iv)", "(iv)"], [5, "(v)", null], [6, "(vi)", "(vi)"], [7, "(vii)", "(vii)"], [8, "(viii)", "(viii)"],
  [9, "(ix)", "(ix)"], [10, "(x)", "(x)"], [11, "not_applicable", "Not Applicable"], [12, "not_reported", "Not Reported"]]');
