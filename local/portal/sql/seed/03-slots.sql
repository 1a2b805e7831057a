-- A slot is a place in the portal that a site fills. Slots 1 to :sites are the eligible sites of month 0, later ones are
-- born month by month; from 5,000,001 on come sites that must not pass: restricted, of unknown restriction, archived.
-- Everything about a site is drawn from its slot, so a month changes only what its events say.

CREATE TEMP TABLE w_slot ON COMMIT DROP AS
SELECT slot::bigint, 'eligible'::text AS kind, 0 AS born FROM generate_series(1, :sites) AS slot
UNION ALL
SELECT :sites + i, 'eligible', m
FROM generate_series(1, :month) AS m, generate_series(ceil((m - 1) * :sites / 200.0)::bigint + 1, ceil(m * :sites / 200.0)::bigint) AS i
UNION ALL
SELECT 5000000 + i, CASE WHEN i % 11 < 6 THEN 'restricted' WHEN i % 11 = 6 THEN 'unknown' ELSE 'archived' END, 0
FROM generate_series(1, ceil(:sites * 0.022)::bigint) AS i;

-- Every 200th site is renamed in a month, and so on, from a place that differs by month: the shares are exact.
CREATE TEMP TABLE w_event ON COMMIT DROP AS
SELECT slot::bigint, what, m AS month
FROM generate_series(1, :month) AS m,
     (VALUES ('removed', 500), ('renamed', 200), ('reclassified', 333), ('redrawn', 250), ('moved', 2000), ('evaluated', 400))
       AS e (what, every),
     LATERAL generate_series((1 + demo.pick(m, what, :seed, every))::bigint, :sites + ceil((m - 1) * :sites / 200.0)::bigint, every) AS slot;

CREATE TEMP TABLE w_state ON COMMIT DROP AS
SELECT slot, min(month) FILTER (WHERE what = 'removed') AS died
FROM w_event GROUP BY slot;
DELETE FROM w_event e USING w_state s WHERE s.slot = e.slot AND e.month > s.died;
CREATE TEMP TABLE w_history ON COMMIT DROP AS
SELECT slot, min(month) FILTER (WHERE what = 'removed') AS died,
       max(month) FILTER (WHERE what = 'renamed') AS renamed, max(month) FILTER (WHERE what = 'reclassified') AS reclassified,
       max(month) FILTER (WHERE what = 'redrawn') AS redrawn, max(month) FILTER (WHERE what = 'moved') AS moved
FROM w_event GROUP BY slot;

-- *_key: what a changed site's new values are drawn from. 2^33 a month keeps the keys of all months apart.
CREATE TEMP TABLE w_site ON COMMIT DROP AS
SELECT s.slot, s.kind, s.born, h.died,
       -- Old WDPA ids are small and have gaps; newer ones begin with 555.
       CASE WHEN s.born = 0 AND s.slot < 5000000 AND demo.u(s.slot, 'era', :seed) < 0.55
            THEN s.slot * 3 + demo.pick(s.slot, 'gap', :seed, 3)
            ELSE 555500000 + s.slot * 2 + demo.pick(s.slot, 'gap', :seed, 2) END AS site_id,
       s.slot + coalesce(h.renamed, 0) * 8589934592 AS name_key,
       coalesce(h.reclassified, 0) AS reclassified,
       s.slot + coalesce(h.reclassified, 0) * 8589934592 AS class_key,
       s.slot + coalesce(h.redrawn, 0) * 8589934592 AS shape_key,
       s.slot + coalesce(h.moved, 0) * 8589934592 AS source_key,
       c.id AS country, c.region, c.speech, c.iso3, demo.u(s.slot, 'type', :seed) < 0.02 AND c.iso3 <> 'ABNJ' AS oecm,
       CASE WHEN c.iso3 = 'ABNJ' THEN 3
            ELSE 1 + width_bucket(demo.u(s.slot, 'realm', :seed), ARRAY[0.88, 0.94]) END AS realm,
       demo.u(s.slot, 'point', :seed) < 0.05 AS point,
       CASE WHEN s.slot % 5000 = 17 THEN 'lone A' WHEN s.slot % 5000 = 18 THEN 'X and B'
            WHEN demo.u(s.slot, 'parcels', :seed) < 0.08 THEN 'several' ELSE 'one' END AS form,
       -- 2 to 20 parcels, most often 2 or 3
       2 + floor(least(18, -1.6 * ln(1e-9 + demo.u(s.slot, 'parcel count', :seed))))::integer AS several,
       demo.pick(s.slot, 'anchor', :seed, a.total) AS anchor
FROM w_slot s
LEFT JOIN w_history h USING (slot)
CROSS JOIN (SELECT array_agg(starts_at ORDER BY id) AS starts, array_agg(id ORDER BY id) AS ids
            FROM w_country WHERE starts_at IS NOT NULL) AS deal
JOIN w_country c ON c.id = CASE s.slot % 2500
  -- codes without a country row are rare; these see to it that small portals have them too
  WHEN 19 THEN (SELECT id FROM w_country WHERE iso3 = 'ABNJ')
  WHEN 20 THEN (SELECT id FROM w_country WHERE iso3 = 'ATA')
  WHEN 21 THEN (SELECT id FROM w_country WHERE iso3 = 'XKX')
  ELSE deal.ids[width_bucket(demo.u(s.slot, 'country', :seed), deal.starts)] END
JOIN w_anchors a ON a.country = c.id
ORDER BY s.slot;
CREATE UNIQUE INDEX ON w_site (slot);
ANALYZE w_site;
