-- Template shapes inside the unit circle: outlines seen from the middle, with angles that only grow, so that none can
-- cross itself. The number of vertices is log-logistic: median about 60, one in a
-- thousand above 5,000; k times the golden ratio spreads evenly, so that few shapes have the same tail as many.

-- OFFSET 0 keeps the planner from drawing a shape's own numbers again for each of its points.
CREATE TEMP TABLE w_ring ON COMMIT DROP AS
SELECT k, ST_SetSRID(ST_MakePolygon(ST_MakeLine(ST_MakePoint(r * cos(angle), r * sin(angle)) ORDER BY j)), 4326) AS geom
FROM (
  SELECT k, j, angle, greatest(0.25, least(1.0, 0.62 + 0.12 * (noise - 0.5)
    + wave * (sin(2 * angle + phase2) + 0.7 * sin(3 * angle + phase3) + 0.5 * sin(7 * angle + phase7)))) AS r
  FROM (
    -- the last point is the first
    SELECT s.*, j, demo.u(k * 100000 + j % vertices, 'rough', :seed) AS noise,
           2 * pi() * (j % vertices + 0.6 * demo.u(k * 100000 + j % vertices, 'turn', :seed)) / vertices AS angle
    FROM (
      SELECT k, least(9000, greatest(4, round(50 * (p / (1.0001 - p)) ^ 0.68)))::integer AS vertices,
             0.05 + 0.12 * demo.u(k, 'wave', :seed) AS wave, 6.2831 * demo.u(k, 'phase2', :seed) AS phase2,
             6.2831 * demo.u(k, 'phase3', :seed) AS phase3, 6.2831 * demo.u(k, 'phase7', :seed) AS phase7
      FROM (SELECT k, spread - floor(spread) AS p
            FROM (SELECT k, k * 0.6180339887498949 + demo.u(0, 'vertices', :seed) AS spread
                  FROM generate_series(0, least(4000, greatest(200, :sites / 5)) - 1) AS k) AS evenly) AS even
      OFFSET 0) AS s,
      LATERAL generate_series(0, vertices) AS j
    OFFSET 0) AS points
) AS placed
GROUP BY k;
CREATE UNIQUE INDEX ON w_ring (k);

-- One in eight has several parts, one in twenty a hole; most single ones are multipolygons all the same, as in the WDPA.
CREATE TEMP TABLE w_shape ON COMMIT DROP AS
SELECT k AS n, geom, ST_Area(geom) AS area
FROM (
  SELECT a.k, CASE
    WHEN demo.u(a.k, 'parts', :seed) < 0.12 THEN parts.geom
    WHEN demo.u(a.k, 'parts', :seed) < 0.17 THEN
      ST_Multi(ST_MakePolygon(ST_ExteriorRing(a.geom), ARRAY[ST_ExteriorRing(ST_Scale(a.geom, 0.4, 0.4))]))
    WHEN demo.u(a.k, 'parts', :seed) < 0.30 THEN a.geom
    ELSE ST_Multi(a.geom) END AS geom
  FROM w_ring a
  LEFT JOIN LATERAL (
    -- Circles of 0.4 around points 0.58 from the middle, at least a quarter turn apart, do not meet.
    SELECT ST_Collect(ST_Affine(b.geom, 0.4, 0, 0, 0.4, 0.58 * cos(pi() * i / 2), 0.58 * sin(pi() * i / 2)) ORDER BY i) AS geom
    FROM generate_series(0, 1 + demo.pick(a.k, 'lobes', :seed, 3)) AS i
    JOIN w_ring b ON b.k = (a.k + i) % (SELECT count(*) FROM w_ring)
    WHERE demo.u(a.k, 'parts', :seed) < 0.12) AS parts ON true
) AS s;
ALTER TABLE w_shape ALTER COLUMN geom SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX ON w_shape (n);
ANALYZE w_shape;
