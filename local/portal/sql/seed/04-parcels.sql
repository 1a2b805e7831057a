-- One row for a parcel version. Version 1 is the current one; some sites also keep an archived version 0, whose other
-- values must not reach a release. Ids come from the slot, so they never move.

CREATE TEMP TABLE w_parcel ON COMMIT DROP AS
SELECT s.slot * 64 + version * 32 + p AS id, version, p, s.*, parcel_id,
       CASE WHEN version = 0 THEN s.slot + 4398046511104 ELSE s.shape_key END + p * 17592186044416 AS draw_key,
       CASE form WHEN 'several' THEN several WHEN 'X and B' THEN 2 ELSE 1 END AS parcels,
       CASE WHEN version = 0 THEN timestamp '2012-01-01' + interval '1 day' * demo.pick(s.slot, 'archived', :seed, 4900)
            WHEN s.kind = 'archived' THEN timestamp '2016-01-01' + interval '1 day' * demo.pick(s.slot, 'archived', :seed, 3500)
            WHEN s.died IS NOT NULL THEN timestamp '2026-04-01' + interval '1 month' * s.died END AS archived_at
FROM w_site s
CROSS JOIN LATERAL (
  SELECT p, CASE WHEN form = 'one' OR (form = 'X and B' AND p = 0) THEN site_id::text ELSE site_id || '_' || chr(65 + p) END
  FROM generate_series(0, CASE form WHEN 'several' THEN several - 1 WHEN 'X and B' THEN 1 ELSE 0 END) AS p) AS g (p, parcel_id)
CROSS JOIN generate_series(CASE WHEN s.kind = 'eligible' AND s.born = 0 AND demo.u(s.slot, 'versions', :seed) < 0.05
                                THEN 0 ELSE 1 END, 1) AS version
ORDER BY 1;

-- Where it lies: an offset from the site's anchor by at most half the way to the border, and a size within the rest.
-- Sizes are log-normal: median 1 km², the largest some ten thousands.
CREATE TEMP TABLE w_place ON COMMIT DROP AS
SELECT w.id, shape, turn, x, y, narrowing, radius, NOT is_point AS polygon,
       (t.area * (radius * 111.32) ^ 2) AS area
FROM (
  SELECT id, point OR (parcels > 1 AND p > 0 AND demo.u(slot * 32 + p, 'odd point', :seed) < 0.01) AS is_point,
         demo.pick(draw_key, 'shape', :seed, (SELECT count(*)::integer FROM w_shape)) AS shape,
         2 * pi() * demo.u(draw_key, 'turn', :seed) AS turn, a.narrowing,
         a.x + 0.5 * a.distance * sqrt(demo.u(slot * 32 + p, 'far', :seed)) * cos(6.2831 * demo.u(slot * 32 + p, 'way', :seed)) AS x,
         a.y + 0.5 * a.distance * sqrt(demo.u(slot * 32 + p, 'far', :seed)) * sin(6.2831 * demo.u(slot * 32 + p, 'way', :seed)) AS y,
         least(0.45 * a.distance * a.narrowing, 0.0075 * exp(1.3 * demo.z(draw_key, 'size', :seed))) AS radius
  FROM w_parcel p JOIN w_anchor a ON a.country = p.country AND a.n = p.anchor
) AS w
JOIN w_shape t ON t.n = w.shape;
CREATE UNIQUE INDEX ON w_place (id);
ANALYZE w_parcel;
ANALYZE w_place;
