-- Country codes. An archived version may name another country than the current one: views that forget archived_at show it.
CREATE TEMP TABLE w_iso3 ON COMMIT DROP AS
SELECT p.id AS wdpa_id, p.country AS iso3_id
FROM w_parcel p
WHERE NOT (version = 0 AND demo.u(slot, 'moved border', :seed) < 0.25)
UNION
SELECT p.id, n.other
FROM w_parcel p JOIN w_neighbour n USING (country)
WHERE (demo.u(slot, 'shared', :seed) < 0.01 AND n.rank <= 1 + demo.pick(slot, 'with', :seed, 3))
   OR (slot = 777 AND :sites >= 1000 AND n.rank <= 13)
   OR (version = 0 AND demo.u(slot, 'moved border', :seed) < 0.25 AND n.rank = 1);

CREATE TEMP TABLE w_parent_iso3 ON COMMIT DROP AS
SELECT DISTINCT wdpa_id, coalesce(c.parent_id, c.id) AS parent_iso3_id FROM w_iso3 i JOIN w_country c ON c.id = i.iso3_id;

CREATE TEMP TABLE w_criteria ON COMMIT DROP AS
SELECT w.id AS wdpa_id, n AS cat_id
FROM w_wdpa w JOIN generate_series(1, 10) AS n ON demo.u(w.site_id * 16 + n, 'criterion', :seed) < 0.3
WHERE w.english_designation_id IN (101, 102)
UNION ALL
SELECT id, 11 FROM w_wdpa w WHERE english_designation_id NOT IN (101, 102) AND demo.u(site_id, 'criteria', :seed) < 0.9;

CREATE TEMP TABLE w_subtype ON COMMIT DROP AS
SELECT DISTINCT w.id AS wdpa_id, demo.pick(w.site_id * 4 + n, 'subtype', :seed, 12) + 1 AS governance,
       demo.pick(w.site_id * 4 + n, 'owner', :seed, 8) + 1 AS ownership, demo.u(w.site_id, 'subtypes', :seed) AS u
FROM w_wdpa w JOIN generate_series(1, 3) AS n ON n = 1 OR demo.u(w.site_id * 4 + n, 'further', :seed) < 0.15
WHERE demo.u(w.site_id, 'subtypes', :seed) < 0.2;

CREATE TEMP TABLE w_assessment ON COMMIT DROP AS
SELECT DISTINCT w.id AS wdpa_id, demo.pick(w.site_id * 4 + n, 'assessment', :seed, 4) + 1 AS cat_id
FROM w_wdpa w, generate_series(1, 2) AS n WHERE w.site_type_id = 2;
