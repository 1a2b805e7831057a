-- Designations by id: 1 to 60 national, 101 international, 201 regional, 301 areas beyond national jurisdiction,
-- 401 for OECMs; from 1001 on those that a later month brings (local/portal/sql/seed/months.sql).
INSERT INTO wdpa.designation_eng_cat (id, code, description)
SELECT n, 'NAT' || lpad(n::text, 3, '0'), jsonb_build_object('en', name)
FROM unnest(ARRAY['Nature Reserve', 'National Park', 'Protected Landscape', 'Wildlife Sanctuary', 'Forest Reserve',
  'Natural Monument', 'Nature Park', 'Conservation Area', 'Site of Special Scientific Interest', 'Game Reserve',
  'Marine Protected Area', 'Private Nature Reserve', 'Provincial Park', 'State Park', 'Regional Park',
  'Landscape Conservation Area', 'Habitat Protection Area', 'Biotope Protection Area', 'Strict Nature Reserve',
  'Wilderness Area', 'Hunting Reserve', 'Community Conserved Area', 'Ecological Reserve', 'Bird Sanctuary',
  'Recreation Reserve', 'Scenic Reserve', 'Scientific Reserve', 'Marine Park', 'Fish Sanctuary',
  'Protected Forest', 'Watershed Protection Forest', 'Mangrove Reserve', 'Wetland Reserve', 'Geological Reserve',
  'Botanical Reserve', 'Conservation Covenant', 'Heritage Site', 'National Forest', 'National Monument',
  'State Wildlife Management Area', 'Conservation Easement', 'Local Nature Reserve', 'Local Park',
  'Woodland Key Habitat', 'Water Protection Area', 'Fauna Reserve', 'Flora Reserve', 'Indigenous Protected Area',
  'Extractive Reserve', 'Area of Relevant Ecological Interest', 'Sustainable Development Reserve',
  'Biological Reserve', 'Managed Resource Area', 'Area of Outstanding Natural Beauty', 'Country Park',
  'Marine Nature Reserve', 'Shellfish Management Area', 'Buffer Zone', 'Hunter''s Reserve (Chasse)',
  'Area of "Special" Interest']) WITH ORDINALITY AS d (name, n)
ON CONFLICT (id) DO NOTHING;

SELECT demo.fill_catalog('wdpa.designation_eng_cat', '[
  [101, "Ramsar Site, Wetland of International Importance", {"fr": "Site Ramsar"}],
  [102, "WHS_MIXED", "World Heritage Site (natural or mixed)"],
  [103, "UNESCO-MAB Biosphere Reserve", null], [104, "GEOPARK", "UNESCO Global Geopark"],
  [201, "SPA", "Special Protection Area (Birds Directive)"], [202, "SCI", "Site of Community Importance (Habitats Directive)"],
  [203, "SAC", "Special Areas of Conservation (Habitats Directive)"], [204, "OSPAR", "Marine Protected Area (OSPAR)"],
  [205, "Baltic Sea Protected Area (HELCOM)", null], [206, "SPAMI", "Specially Protected Area of Mediterranean Importance (Barcelona Convention)"],
  [207, "AHP", "ASEAN Heritage Park"], [208, "SPAW", "Specially Protected Areas and Wildlife (Cartagena Convention)"],
  [209, "Emerald Network", {}], [301, "ABNJ_MPA", "Marine Protected Area in Areas Beyond National Jurisdiction"],
  [302, "CCAMLR", "Marine Protected Area (CCAMLR)"],
  [401, "OECM_NA", "Not Applicable"], [402, "OECM_COMM", "Community Conservancy (OECM)"],
  [403, "Locally Managed Marine Area", null], [404, "OECM_FISH", "Fisheries Closure Area"]]');
UPDATE wdpa.designation_eng_cat SET description = NULL, code = 'Buffer Zone' WHERE id = 58;
