import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SeedSummary, seed } from '../../local/portal/seed.ts';
import { outlines } from '../../local/portal/world.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { counts, digests, query } from './support.ts';

const SITES = 2000;

describe('the seeded portal', () => {
  let databases: TestDatabases;
  let url: string;
  let summary: SeedSummary;

  beforeAll(async () => {
    databases = await createTestDatabases();
    url = databases.portalUrl;
    summary = await seed({ url, sites: SITES });
  });
  afterAll(() => databases?.drop());

  it('counts what a release may see', async () => {
    const found = await counts(
      url,
      `SELECT count(DISTINCT site_id) AS sites, count(*) AS parcels, count(DISTINCT (site_id, parcel_id)) AS keys
       FROM wdpa.wdpas WHERE archived_at IS NULL
         AND data_restriction_level_id IN (SELECT id FROM wdpa.data_restriction_levels
                                           WHERE code IN ('not restricted', 'commercial restriction'))`,
    );
    expect(found).toEqual({ sites: SITES, parcels: summary.parcels, keys: summary.parcels });
    expect(summary).toMatchObject({ sites: SITES, greenList: expect.any(Number) });
    expect(summary.points + summary.polygons).toBe(summary.parcels);
    expect(summary.points / summary.parcels).toBeGreaterThan(0.03);
    expect(summary.points / summary.parcels).toBeLessThan(0.08);
  });

  it('has the awkward rows a real portal has', async () => {
    const found = await counts(
      url,
      `SELECT count(*) FILTER (WHERE archived_at IS NOT NULL) AS archived,
              count(*) FILTER (WHERE data_restriction_level_id > 2) AS restricted,
              count(*) FILTER (WHERE data_restriction_level_id IS NULL) AS unknown,
              count(*) FILTER (WHERE site_type_id = 2) AS oecms,
              count(*) FILTER (WHERE english_designation_id IS NULL AND english_designation_text IS NOT NULL) AS free_designations,
              count(*) FILTER (WHERE source_id IS NULL) AS without_source,
              count(*) FILTER (WHERE english_name LIKE '%''%') AS apostrophes,
              count(*) FILTER (WHERE original_name ~ '[а-я]') AS cyrillic,
              count(*) FILTER (WHERE status_year = 20015) AS odd_years
       FROM wdpa.wdpas`,
    );
    for (const [what, count] of Object.entries(found)) expect(count, what).toBeGreaterThan(0);

    const shapes = await query<{ pids: string; sites: string }>(
      url,
      `SELECT pids, count(*) AS sites FROM (
         SELECT string_agg(replace(parcel_id, site_id::text, ''), ',' ORDER BY parcel_id) AS pids
         FROM wdpa.wdpas WHERE archived_at IS NULL AND data_restriction_level_id < 3 GROUP BY site_id) AS s
       WHERE pids IN ('_A', ',_B') GROUP BY 1 ORDER BY 1`,
    );
    expect(shapes).toEqual([
      { pids: ',_B', sites: '1' },
      { pids: '_A', sites: '1' },
    ]);
    const several = await counts(
      url,
      `SELECT count(*)::float / ${SITES} AS share FROM (
         SELECT FROM wdpa.wdpas WHERE archived_at IS NULL AND data_restriction_level_id < 3
         GROUP BY site_id HAVING count(*) > 1) AS s`,
    );
    expect(several.share).toBeCloseTo(0.08, 1);
    const codes = await counts(
      url,
      `SELECT max(n) AS most FROM (SELECT count(*) AS n FROM wdpa.wdpa_iso3 GROUP BY wdpa_id) AS s`,
    );
    expect(codes.most).toBeGreaterThan(12);
    const territories = await counts(
      url,
      `SELECT count(DISTINCT code) FILTER (WHERE code IN ('ABNJ', 'ATA', 'XKX')) AS without_country,
              count(*) FILTER (WHERE iso3_id <> parent_iso3_id) AS overseas
       FROM wdpa.wdpa_iso3 JOIN wdpa.wdpa_parent_iso3 USING (wdpa_id) JOIN reference.iso3 i ON i.id = iso3_id`,
    );
    expect(territories.without_country).toBe(3);
    expect(territories.overseas).toBeGreaterThan(0);
  });

  it('has valid geometries with a long tail of vertices', async () => {
    const shapes = await counts(
      url,
      `SELECT count(*) FILTER (WHERE NOT ST_IsValid(geom)) AS invalid, count(*) FILTER (WHERE ST_SRID(geom) <> 4326) AS strange,
              percentile_cont(0.5) WITHIN GROUP (ORDER BY ST_NPoints(geom)) FILTER (WHERE is_polygon = 1) AS median,
              max(ST_NPoints(geom)) AS most
       FROM wdpa.spatial_data`,
    );
    expect(shapes).toMatchObject({ invalid: 0, strange: 0 });
    expect(shapes.median).toBeGreaterThan(45);
    expect(shapes.median).toBeLessThan(80);
    expect(shapes.most).toBeGreaterThan(2000);
  });

  it('places sites inside their countries', async () => {
    const shapes = (await outlines()).map(({ a3, geometry }) => ({ a3, geometry: JSON.stringify(geometry) }));
    // Natural Earth splits four countries that the portal does not.
    const [found] = await query<{ sites: string; outside: string }>(
      url,
      `WITH o AS MATERIALIZED (SELECT a3, ST_MakeValid(ST_SetSRID(ST_GeomFromGeoJSON(geometry), 4326)) AS geom
                  FROM jsonb_to_recordset($1) AS o (a3 text, geometry text) WHERE a3 NOT IN ('SOM', 'CYP', 'AUS', 'PAK')),
            w AS (SELECT wdpa_id, min(code) AS a3 FROM wdpa.wdpa_iso3 JOIN reference.iso3 i ON i.id = iso3_id
                  WHERE wdpa_id IN (SELECT id FROM wdpa.wdpas WHERE archived_at IS NULL)
                  GROUP BY wdpa_id HAVING count(*) = 1)
       SELECT count(*) AS sites, count(*) FILTER (WHERE NOT ST_Covers(o.geom, s.geom)) AS outside
       FROM o CROSS JOIN LATERAL (
         SELECT geom FROM w JOIN wdpa.spatial_data USING (wdpa_id) WHERE w.a3 = o.a3 OFFSET 0) AS s`,
      [JSON.stringify(shapes)],
    );
    expect(found?.outside).toBe('0');
    expect(Number(found?.sites)).toBeGreaterThan(SITES * 0.9);
  });

  it('states areas that the shapes have', async () => {
    const found = await counts(
      url,
      `SELECT avg(abs(ST_Area(geom::geography) / 1e6 - gis_area) / gis_area) AS difference
       FROM wdpa.spatial_data s JOIN wdpa.wdpas w ON w.id = s.wdpa_id WHERE is_polygon = 1`,
    );
    expect(found.difference).toBeLessThan(0.05);
  });

  it('lets the reader read and do nothing else', async () => {
    const tables = Object.keys(await digests(databases.portalReaderUrl));
    expect(tables.length).toBeGreaterThan(45);
    for (const sql of [
      'DELETE FROM wdpa.wdpas',
      'UPDATE wdpa.source SET year = NULL',
      'CREATE TABLE wdpa.mine ()',
      'TRUNCATE pame.pame',
    ]) {
      await expect(query(databases.portalReaderUrl, sql), sql).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('gives the same rows for the same arguments, whatever was there before', async () => {
    const first = await digests(url);
    await seed({ url, sites: 300, seed: 9 });
    const other = await digests(url);
    expect(other['wdpa.wdpas']).not.toBe(first['wdpa.wdpas']);
    await seed({ url, sites: SITES });
    expect(await digests(url)).toEqual(first);
  });

  it('works for a handful of sites', async () => {
    for (const sites of [1, 17]) expect(await seed({ url, sites })).toMatchObject({ sites });
    expect(await seed({ url, sites: 1, month: 3 })).toMatchObject({ sites: expect.any(Number) });
  });
});
