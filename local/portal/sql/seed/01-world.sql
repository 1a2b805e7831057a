-- Work tables w_outline (a3, geom) and w_country (from countries.csv) are filled by seed.ts. Here each country gets its
-- outline, its share of the sites, its neighbours, and anchors: points inside it with their distance to the border.

-- Natural Earth draws overseas departments as parts of their country, and some islands under codes of its own.
CREATE TEMP TABLE w_part ON COMMIT DROP AS
SELECT coalesce(carved.iso3, renamed.iso3, o.a3) AS iso3, d.geom
FROM w_outline o
CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(ST_MakeValid(o.geom), 3)) AS d
LEFT JOIN (VALUES ('SOL', 'SOM'), ('CYN', 'CYP'), ('ATC', 'AUS'), ('KAS', 'PAK')) AS renamed (a3, iso3) USING (a3)
LEFT JOIN (VALUES
  ('FRA', 'GUF', -55, 2, -51, 6), ('FRA', 'GLP', -62, 15.7, -60.9, 16.6), ('FRA', 'MTQ', -61.4, 14.3, -60.7, 15),
  ('FRA', 'REU', 55, -22, 56, -20), ('FRA', 'MYT', 45, -13.2, 45.4, -12.5), ('NLD', 'BES', -70, 12, -62, 18),
  ('NOR', 'SJM', -10, 70.5, 40, 82), ('IOA', 'CXR', 104, -12, 107, -9), ('IOA', 'CCK', 95, -13, 99, -11)
) AS carved (a3, iso3, x1, y1, x2, y2)
  ON carved.a3 = o.a3 AND ST_Centroid(d.geom) && ST_MakeEnvelope(x1, y1, x2, y2, 4326)
  AND (carved.iso3 <> 'SJM' OR ST_Y(ST_Centroid(d.geom)) > 73.5 OR ST_X(ST_Centroid(d.geom)) < 0);

-- Those too small for a map at 1:50m, and three stretches of the high seas.
INSERT INTO w_part
SELECT iso3, ST_Buffer(ST_SetSRID(ST_MakePoint(x, y), 4326), r, 8)
FROM (VALUES ('TKL', -171.85, -9.2, 0.05), ('UMI', 166.63, 19.3, 0.05), ('GIB', -5.35, 36.14, 0.02),
             ('BVT', 3.36, -54.42, 0.05), ('CXR', 105.63, -10.48, 0.08), ('CCK', 96.85, -12.16, 0.05),
             ('ABNJ', -140, 32, 9), ('ABNJ', -15, -30, 9), ('ABNJ', 80, -28, 7)) AS t (iso3, x, y, r)
WHERE iso3 NOT IN (SELECT iso3 FROM w_part);

ALTER TABLE w_country ADD geom geometry, ADD border geometry, ADD starts_at double precision,
  ADD sources integer GENERATED ALWAYS AS (1 + least(60, sites / 800)) STORED;
ALTER TABLE w_country ALTER COLUMN geom SET STORAGE EXTERNAL, ALTER COLUMN border SET STORAGE EXTERNAL;
UPDATE w_country c SET geom = p.geom, border = ST_Boundary(p.geom)
FROM (SELECT iso3, ST_Union(geom) AS geom FROM w_part GROUP BY iso3) p WHERE p.iso3 = c.iso3;
-- Sites are dealt out by a number from 0 to 1: a country's stretch begins at starts_at.
UPDATE w_country c SET starts_at = s.starts_at
FROM (SELECT id, (sum(sites) OVER (ORDER BY id) - sites)::double precision / sum(sites) OVER () AS starts_at
      FROM w_country WHERE sites > 0 AND geom IS NOT NULL) s
WHERE s.id = c.id;

CREATE TEMP TABLE w_neighbour ON COMMIT DROP AS
WITH c AS MATERIALIZED (
  SELECT id, iso3, parent_id, ST_Envelope(geom) AS box, ST_Centroid(ST_Envelope(geom)) AS middle FROM w_country WHERE geom IS NOT NULL)
SELECT a.id AS country, b.id AS other,
       row_number() OVER (PARTITION BY a.id ORDER BY ST_Distance(a.box, b.box), ST_Distance(a.middle, b.middle), b.id) AS rank
FROM c AS a JOIN c AS b ON a.id <> b.id AND b.parent_id IS NULL AND b.iso3 <> 'ABNJ';
DELETE FROM w_neighbour WHERE rank > 14;

-- One anchor for some six sites. ST_GeneratePoints with a seed gives the same points every time.
CREATE TEMP TABLE w_anchor ON COMMIT DROP AS
SELECT c.id AS country, (d.path[1] - 1) AS n, ST_X(d.geom) AS x, ST_Y(d.geom) AS y,
       ST_Distance(d.geom, c.border) AS distance,
       greatest(0.15, cos(radians(ST_Y(d.geom)))) AS narrowing
FROM w_country c
CROSS JOIN LATERAL ST_Dump(ST_GeneratePoints(c.geom,
  least(2500, greatest(8, ceil(c.sites::bigint * :sites / (6.0 * (SELECT sum(sites) FROM w_country)))))::integer,
  (1 + (:seed * 1009 + c.id) % 1000000)::integer)) AS d
WHERE c.starts_at IS NOT NULL;
CREATE UNIQUE INDEX ON w_anchor (country, n);
ANALYZE w_anchor;
CREATE TEMP TABLE w_anchors ON COMMIT DROP AS SELECT country, count(*)::integer AS total FROM w_anchor GROUP BY country;
