-- The attributes. An archived version has values of its own that no later event touches. `d` holds what later columns depend on; width_bucket turns a number from 0 to 1 into a weighted choice.

CREATE TEMP TABLE w_class ON COMMIT DROP AS
SELECT slot, CASE
    WHEN designation BETWEEN 1 AND 99 AND reclassified > 0 AND demo.pick(class_key, 'which', :seed, 3) = 0 THEN
      CASE WHEN demo.u(class_key, 'new one', :seed) < 0.3 THEN 1000 + reclassified
           ELSE 1 + (designation + demo.pick(class_key, 'designation', :seed, 57)) % 60 END
    ELSE designation END AS designation,
  CASE WHEN reclassified > 0 AND (designation > 99 OR demo.pick(class_key, 'which', :seed, 3) = 1) AND iucn IS DISTINCT FROM 9
    THEN 1 + (iucn + demo.pick(class_key, 'iucn', :seed, 6)) % 8 ELSE iucn END AS iucn,
  CASE WHEN reclassified > 0 AND (iucn = 9 AND designation > 99 OR demo.pick(class_key, 'which', :seed, 3) = 2)
    THEN 1 + (coalesce(status, 3) + demo.pick(class_key, 'status', :seed, 4)) % 6 ELSE status END AS status
FROM (
  SELECT *, CASE WHEN oecm OR designation IN (101, 102, 103, 104) THEN 9
       ELSE (ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 10, NULL])[1 + width_bucket(demo.u(slot, 'iucn', :seed),
         ARRAY[0.03, 0.05, 0.08, 0.16, 0.44, 0.58, 0.64, 0.88, 0.995])] END AS iucn,
     CASE WHEN designation = 102 THEN 2
       ELSE (ARRAY[4, 5, 3, 1, 6, NULL])[1 + width_bucket(demo.u(slot, 'status', :seed), ARRAY[0.86, 0.955, 0.97, 0.99, 0.997])] END AS status
  FROM (
    SELECT slot, oecm, class_key, reclassified, CASE
      WHEN iso3 = 'ABNJ' THEN 301 + demo.pick(slot, 'high seas', :seed, 2)
      WHEN oecm THEN (ARRAY[401, 401, 402, 403, 404])[1 + demo.pick(slot, 'oecm', :seed, 5)]
      WHEN born > 0 AND demo.u(slot, 'new one', :seed) < 0.1 THEN 1000 + born
      WHEN demo.u(slot, 'level', :seed) < 0.012 THEN (ARRAY[101, 101, 101, 102, 103, 104])[1 + demo.pick(slot, 'international', :seed, 6)]
      WHEN region = 'EU' AND demo.u(slot, 'level', :seed) < 0.22 THEN (ARRAY[201, 202, 202, 203, 203, 204, 205, 206, 209])[1 + demo.pick(slot, 'regional', :seed, 9)]
      WHEN demo.u(slot, 'level', :seed) < 0.016 THEN 207 + demo.pick(slot, 'other regional', :seed, 2)
      -- a country uses a few of the sixty national designations most of the time
      ELSE 1 + (floor(60 * demo.u(slot, 'national', :seed) ^ 2.6)::integer + country * 7 * (demo.u(slot, 'own', :seed) < 0.6)::integer) % 60 END AS designation
    FROM w_site) AS designated
) AS classified;
CREATE UNIQUE INDEX ON w_class (slot);
ANALYZE w_class;

CREATE TEMP TABLE w_wdpa ON COMMIT DROP AS
SELECT p.id, p.site_id, p.parcel_id,
  CASE WHEN demo.u(slot, 'no name', :seed) < 0.003 THEN NULL
       WHEN version = 0 THEN 'Former site ' || p.site_id || ', ' || original_kind
       WHEN slot % 20000 = 3 THEN english || repeat(' and its surroundings', 14)
       WHEN demo.u(slot, 'space', :seed) < 0.001 THEN english || ' ' ELSE english END AS english_name,
  CASE WHEN demo.u(slot, 'no original', :seed) < 0.02 THEN NULL WHEN version = 0 THEN original_kind ELSE original END AS original_name,
  CASE WHEN oecm THEN 2 ELSE 1 END AS site_type_id,
  CASE WHEN unlisted THEN NULL WHEN version = 0 AND (designation < 100 OR designation > 1000) THEN 1 + slot % 60 ELSE designation END AS english_designation_id,
  CASE WHEN unlisted THEN CASE WHEN demo.u(slot, 'blank', :seed) < 0.95 THEN 'Locally Designated ' || sort || '-Star Site' END
       WHEN demo.u(slot, 'both', :seed) < 0.02 THEN 'superseded by the catalog' END AS english_designation_text,
  CASE WHEN demo.u(slot, 'no designation', :seed) < 0.03 THEN NULL ELSE original_kind END AS original_designation,
  CASE WHEN oecm THEN 6 WHEN designation > 1000 OR designation < 100 THEN CASE WHEN demo.u(slot, 'level unknown', :seed) < 0.004 THEN 5 ELSE 1 END
       WHEN designation < 200 THEN 2 WHEN designation < 300 THEN 3 ELSE 4 END AS designation_type_id,
  CASE WHEN p.p > 0 AND iucn < 8 AND demo.u(slot * 32 + p.p, 'zone', :seed) < 0.1 THEN 1 + iucn % 7
       WHEN version = 0 THEN 8 ELSE iucn END AS iucn_category_id,
  CASE WHEN demo.u(slot, 'no realm', :seed) < 0.001 THEN NULL ELSE realm END AS realm_id,
  CASE width_bucket(demo.u(slot, 'reported', :seed), ARRAY[0.01, 0.04, 0.5])
    WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN round((area * (0.9 + 0.2 * demo.u(slot, 'surveyor', :seed)))::numeric, 4) ELSE round(area::numeric, 2) END AS reported_area,
  CASE WHEN realm = 1 THEN CASE WHEN demo.u(slot, 'dry', :seed) < 0.9 THEN 0 END ELSE round((wet * area)::numeric, 3) END AS reported_marine_area,
  CASE WHEN polygon THEN round(area::numeric, 8) END AS gis_area,
  CASE WHEN polygon THEN CASE WHEN realm = 1 THEN 0 ELSE round((wet * area)::numeric, 8) END END AS gis_marine_area,
  no_take AS no_take_id,
  CASE no_take WHEN 1 THEN round((wet * area)::numeric, 3) WHEN 2 THEN round((0.3 * wet * area)::numeric, 3) WHEN 3 THEN 0
       WHEN 4 THEN CASE WHEN demo.u(slot, 'unknown take', :seed) < 0.5 THEN 0 END ELSE 0 END AS no_take_area,
  CASE WHEN version = 0 THEN 1 ELSE status END AS status_id,
  CASE WHEN slot % 100000 = 1234 THEN 20015 WHEN version = 0 THEN 1990 WHEN born > 0 THEN 2026
       WHEN demo.u(slot, 'year', :seed) < 0.01 THEN NULL WHEN demo.u(slot, 'year', :seed) < 0.09 THEN 0
       ELSE 2025 - floor(120 * demo.u(slot, 'age', :seed) ^ 2)::integer END AS status_year,
  (ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, NULL])[1 + width_bucket(demo.u(slot, 'governance', :seed),
    ARRAY[0.30, 0.55, 0.58, 0.583, 0.61, 0.62, 0.73, 0.80, 0.81, 0.83, 0.86, 0.985])] AS governance_type_id,
  (ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9, NULL])[1 + width_bucket(demo.u(slot, 'ownership', :seed),
    ARRAY[0.24, 0.27, 0.36, 0.37, 0.42, 0.44, 0.48, 0.483, 0.98])] AS ownership_type_id,
  CASE width_bucket(demo.u(slot, 'authority', :seed), ARRAY[0.01, 0.31, 0.7, 0.9])
    WHEN 0 THEN NULL WHEN 1 THEN 'Not Reported' WHEN 2 THEN 'Ministry of the Environment of ' || c.name
    WHEN 3 THEN c.name || ' Parks Service' ELSE 'District Office ' || (1 + demo.pick(slot, 'office', :seed, 12)) || ', ' || c.name END AS management_authority,
  CASE width_bucket(demo.u(slot, 'plan', :seed), ARRAY[0.05, 0.65, 0.85])
    WHEN 0 THEN NULL WHEN 1 THEN 'Not Reported' WHEN 2 THEN 'Management plan is not implemented and not available'
    ELSE 'https://plans.example.org/' || p.site_id || '/plan.pdf' END AS management_plan,
  (ARRAY[1, 2, 3, NULL])[1 + width_bucket(demo.u(slot, 'verified', :seed), ARRAY[0.85, 0.95, 0.995])] AS verification_id,
  CASE WHEN demo.u(slot, 'no source', :seed) < 0.002 THEN NULL
       ELSE p.country * 100 + floor(c.sources * demo.u(CASE version WHEN 0 THEN slot + 2199023255552 ELSE source_key END
         + CASE WHEN demo.u(slot * 32 + p.p, 'second source', :seed) < 0.05 THEN p.p ELSE 0 END * 281474976710656, 'source', :seed) ^ 2.2)::integer END AS source_id,
  CASE p.kind WHEN 'restricted' THEN 3 + demo.pick(slot, 'legacy', :seed, 2) WHEN 'unknown' THEN NULL
       ELSE 1 + (demo.u(slot, 'commercial', :seed) < 0.04)::integer END AS data_restriction_level_id,
  CASE WHEN oecm THEN 1 + demo.pick(slot, 'objective', :seed, 4) END AS conservation_objective_id,
  CASE WHEN demo.u(slot, 'waters', :seed) < 0.3 THEN 1 + demo.pick(slot, 'which waters', :seed, 4) END AS inland_waters_id,
  CASE width_bucket(demo.u(slot, 'info', :seed), ARRAY[0.2, 0.9, 0.97])
    WHEN 0 THEN NULL WHEN 1 THEN 'Not Applicable' WHEN 2 THEN E'See "Annex B"; parcel\t' || p.p || E'\nof the 2019 survey, l''ensemble'
    ELSE repeat('Includes zones A; B; C. ', 15) END AS supplemental_info,
  p.archived_at
FROM w_parcel p
JOIN w_place USING (id)
JOIN w_name USING (slot)
JOIN w_class USING (slot)
JOIN w_country c ON c.id = p.country
CROSS JOIN LATERAL (SELECT
  demo.u(slot, 'unlisted', :seed) < 0.03 AND designation < 100 AND reclassified = 0 AND version = 1 AS unlisted,
  CASE realm WHEN 1 THEN 0 WHEN 2 THEN 0.2 + 0.6 * demo.u(slot, 'wet', :seed) ELSE 1 END AS wet,
  CASE WHEN demo.u(slot, 'no take unknown', :seed) < 0.005 THEN NULL WHEN realm = 1 THEN 5
       ELSE 1 + width_bucket(demo.u(slot, 'no take', :seed), ARRAY[0.08, 0.16, 0.24]) END AS no_take) AS d
ORDER BY p.id;
