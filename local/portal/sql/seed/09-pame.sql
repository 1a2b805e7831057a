-- Evaluations of some 6 % of the sites, often several over the years, a few of sites that must not pass, and each month
-- some new ones. Green List entries are few: about one site in 3,000.
CREATE TEMP TABLE w_pame_source ON COMMIT DROP AS
SELECT n AS id, 100 + n * 3 AS eff_metaid,
       (ARRAY['Global METT database', 'RAPPAM reports, ', 'Évaluation de l''efficacité, ', 'Национальная оценка '])[1 + n % 4] || ' ' || n AS data_title,
       CASE WHEN n % 9 = 0 THEN NULL ELSE 'Evaluation Board "No. ' || n || '"' END AS resp_party,
       CASE WHEN n % 3 = 0 THEN NULL ELSE 'board' || n || '@example.org' END AS resp_email,
       CASE WHEN n % 4 = 0 THEN NULL ELSE 'Dr. Ana Núñez-O''Hara ' || n END AS resp_pers,
       CASE WHEN n % 11 = 0 THEN NULL ELSE 2000 + demo.pick(n, 'pame year', :seed, 26) END AS year,
       (ARRAY['English', 'French', 'Spanish', NULL])[1 + n % 4] AS language
FROM generate_series(1, greatest(6, least(200, :sites / 1500))) AS n;

CREATE TEMP TABLE w_pame ON COMMIT DROP AS
SELECT s.slot * 512 + e.n AS id, s.site_id, s.form, e.year, s.slot
FROM w_site s
CROSS JOIN LATERAL (
  SELECT n, 2025 - n * 2 - demo.pick(s.slot, 'first year', :seed, 6) AS year
  FROM generate_series(0, least(9, floor(-1.4 * ln(1e-9 + demo.u(s.slot, 'evaluations', :seed)))::integer)) AS n) AS e
WHERE s.born = 0 AND demo.u(s.slot, 'evaluated', :seed) < 0.06
UNION ALL
SELECT s.slot * 512 + 256 + e.month, s.site_id, s.form, 2026 + e.month / 12, s.slot
FROM w_event e JOIN w_site s USING (slot) WHERE e.what = 'evaluated';

CREATE TEMP TABLE w_pame_row ON COMMIT DROP AS
SELECT e.id, e.id + 7000 AS asmt_id,
       CASE WHEN demo.u(e.id, 'no source', :seed) < 0.003 THEN NULL ELSE 1 + demo.pick(e.id, 'source', :seed, (SELECT count(*)::integer FROM w_pame_source)) END AS pame_source_id,
       e.site_id, CASE WHEN demo.u(e.id, 'no parcel', :seed) < 0.004 THEN NULL ELSE g.parcel_id END AS parcel_id,
       CASE WHEN free_text THEN NULL ELSE (ARRAY[1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])[1 + demo.pick(e.id, 'method', :seed, 17)] END AS method_id,
       CASE WHEN free_text THEN 'National method ' || demo.pick(e.id, 'free method', :seed, 6) || ' (área)' END AS method_text,
       CASE WHEN demo.u(e.id, 'no submission', :seed) < 0.01 THEN NULL ELSE e.year + 1 END AS submit_year,
       CASE WHEN demo.u(e.id, 'no year', :seed) < 0.005 THEN NULL ELSE e.year END AS asmt_year,
       CASE WHEN demo.u(e.id, 'url', :seed) < 0.4 THEN 'https://pame.example.org/a/' || e.id WHEN demo.u(e.id, 'url', :seed) < 0.5 THEN 'Not reported' END AS asmt_url,
       CASE WHEN demo.u(e.id, 'info', :seed) < 0.3 THEN 'https://pame.example.org/info?site=' || e.site_id || '&lang=en' END AS info_url,
       (ARRAY[1, 2, 3, 3, NULL])[1 + demo.pick(e.id, 'verification', :seed, 5)] AS verification_effectiveness_id,
       a.answers,
       (ARRAY[1, 2, 3, 4, 5, NULL])[1 + demo.pick(e.id, 'purpose', :seed, 6)] AS designation_purpose_other_id,
       CASE WHEN demo.u(e.id, 'archived', :seed) < 0.01 THEN timestamp '2023-05-01' END AS archived_at
FROM (SELECT *, demo.u(id, 'free', :seed) < 0.05 AS free_text FROM w_pame) AS e
-- the first parcel mostly
JOIN LATERAL (SELECT parcel_id FROM w_parcel p WHERE p.slot = e.slot AND version = 1
              AND p.p = CASE WHEN demo.u(e.id, 'which parcel', :seed) < 0.8 THEN 0 ELSE demo.pick(e.id, 'parcel', :seed, p.parcels) END) AS g ON true
CROSS JOIN LATERAL (SELECT array_agg((ARRAY[1, 2, 3, 4, 5, 5, 6, NULL])[1 + demo.pick(e.id * 16 + q, 'answer', :seed, 8)] ORDER BY q) AS answers
                    FROM generate_series(1, 10) AS q) AS a;

CREATE TEMP TABLE w_greenlist ON COMMIT DROP AS
SELECT n AS id, s.site_id, s.parcel_id, (ARRAY[1, 1, 1, 2, 3, 4, 5, 5])[1 + demo.pick(n, 'status', :seed, 8)] AS gl_status_id,
       CASE WHEN n % 29 = 0 THEN NULL WHEN n % 31 = 0 THEN 20271399 WHEN n % 5 < 3 THEN 2026 + demo.pick(n, 'expiry', :seed, 6)
            ELSE (2026 + demo.pick(n, 'expiry', :seed, 6)) * 10000 + (ARRAY[1231, 630, 229, 930])[1 + demo.pick(n, 'day', :seed, 4)] END AS gl_expiry,
       CASE WHEN n % 7 = 0 THEN NULL ELSE 'https://greenlist.example.org/' || s.site_id END AS gl_link,
       CASE WHEN n % 23 = 0 THEN timestamp '2024-02-01' END AS archived_at
FROM (SELECT greatest(4, ceil(:sites / 3000.0)::integer) AS total) AS t
CROSS JOIN generate_series(1, total) AS n
-- the last one repeats the first one's site; one in nineteen is of a site that must not pass
CROSS JOIN LATERAL (SELECT CASE n WHEN total THEN 1 ELSE n END AS of) AS o
JOIN w_parcel s ON s.version = 1 AND s.p = 0 AND s.slot = CASE WHEN n % 19 = 0 THEN 5000001
  ELSE 1 + ((o.of - 1)::bigint * :sites) / total + demo.pick(o.of, 'green', :seed, greatest(1, :sites / total)) END;
