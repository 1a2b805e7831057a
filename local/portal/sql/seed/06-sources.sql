-- Providers and sources. A country has one source or a few; the first covers most of its sites.
CREATE TEMP TABLE w_source ON COMMIT DROP AS
SELECT c.id * 100 + j AS id, c.id AS country, j, c.name, c.iso3, c.speech
FROM w_country c, generate_series(0, c.sources - 1) AS j
WHERE c.starts_at IS NOT NULL
ORDER BY 1;
CREATE UNIQUE INDEX ON w_source (country, j);

CREATE TEMP TABLE w_provider ON COMMIT DROP AS
SELECT DISTINCT ON (id) id, responsible_party FROM (
  SELECT country * 10 + least(j, 2) AS id,
         CASE least(j, 2) WHEN 0 THEN 'Ministry of the Environment of ' || name
              WHEN 1 THEN name || ' Nature Conservation Agency' ELSE 'Friends of Nature''s "Wild ' || name || '"' END AS responsible_party
  FROM w_source) AS p
ORDER BY id;

CREATE TEMP TABLE w_source_row ON COMMIT DROP AS
SELECT id,
       -- METADATAID has been given out twice now and then.
       CASE WHEN j = 1 AND country % 10 = 0 THEN 1000 + country * 10 ELSE 1000 + country * 10 + j * 3000 END AS originator_id,
       CASE WHEN demo.u(id, 'no provider', :seed) < 0.02 THEN NULL ELSE country * 10 + least(j, 2) END AS provider_id,
       CASE j WHEN 0 THEN 'Protected areas of ' || name WHEN 1 THEN 'Réserves – ' || name ELSE name || ' register, part ' || j END AS data_title,
       (ARRAY['Not Reported', 'UNEP-WCMC', NULL, name || ' verification board'])[1 + demo.pick(id, 'verifier', :seed, 4)] AS verifier,
       CASE demo.pick(id, 'year', :seed, 25) WHEN 0 THEN NULL WHEN 1 THEN '0' WHEN 2 THEN 'Not Reported'
            ELSE (1995 + demo.pick(id, 'which year', :seed, 30))::text END AS year,
       CASE demo.pick(id, 'update', :seed, 20) WHEN 0 THEN NULL WHEN 1 THEN 'unknown'
            ELSE (2012 + demo.pick(id, 'which update', :seed, 14))::text END AS update_year,
       CASE speech WHEN 'fr' THEN 'FRENCH' WHEN 'es' THEN 'Spanish' WHEN 'pt' THEN 'portuguese' WHEN 'de' THEN 'German' WHEN 'ru' THEN 'Russian'
            WHEN 'ar' THEN 'arabic' WHEN 'zh' THEN 'Chinese' WHEN 'ja' THEN 'Japanese' WHEN 'sv' THEN 'Swedish, Finnish'
            WHEN 'el' THEN NULL ELSE 'English' END AS language,
       (ARRAY['utf-8', 'UTF-8', 'ISO 8859-1', 'Not Reported', NULL, 'cp1252'])[1 + demo.pick(id, 'characters', :seed, 6)] AS character_set,
       (ARRAY['WGS 84', 'ETRS89 / LAEA Europe', 'Not Reported', NULL])[1 + demo.pick(id, 'reference', :seed, 4)] AS reference_system,
       (ARRAY['1:10 000', '1:50 000', '1:250 000', 'Not Reported', NULL])[1 + demo.pick(id, 'scale', :seed, 5)] AS scale,
       CASE demo.pick(id, 'lineage', :seed, 3) WHEN 0 THEN NULL WHEN 1 THEN 'Not Reported'
            ELSE repeat('Digitised from gazetted maps; edges matched to the cadastre. ', 1 + demo.pick(id, 'long', :seed, 8)) END AS lineage,
       CASE WHEN demo.u(id, 'citation', :seed) < 0.2 THEN NULL ELSE name || ' (2024). Register of protected areas; «' || iso3 || '» edition.' END AS citation,
       CASE WHEN demo.u(id, 'disclaimer', :seed) < 0.5 THEN NULL ELSE 'Borders shown do not imply any opinion concerning legal status.' END AS disclaimer
FROM w_source;
