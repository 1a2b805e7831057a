import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  dropPortalTable,
  duplicateSites,
  emptyPortal,
  invalidGeometries,
  missingGeometries,
  missingParcelIds,
  missingSiteTypes,
  pointsBesidePolygons,
  wrongSrid,
} from '../../local/portal/faults.ts';
import { lastSeeding, seed } from '../../local/portal/seed.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { counts, digests, query } from './support.ts';

let databases: TestDatabases;
let url: string;

beforeAll(async () => {
  databases = await createTestDatabases();
  url = databases.portalUrl;
  await seed({ url, sites: 300 });
});
afterAll(() => databases?.drop());

it.each(['shapes', 'loading', 'keys and indexes'])(
  'leaves the old portal whole when killed at "%s"',
  async (moment) => {
    const before = await digests(url);
    let killed: Promise<unknown> | undefined;
    const progress = (step: string) => {
      if (step !== moment) return;
      killed = query(
        url,
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                         WHERE application_name = 'pp-portal seed' AND datname = current_database()`,
      );
    };
    await expect(seed({ url, sites: 10_000, seed: 2, progress })).rejects.toThrow();
    await killed;
    expect(await digests(url)).toEqual(before);
    expect(await lastSeeding(url)).toEqual({ sites: 300, seed: 1, month: 0 });
  },
);

it('shows a reader that began earlier the old rows, as postgres_fdw reads', async () => {
  const reader = new Client({ connectionString: databases.portalReaderUrl });
  await reader.connect();
  try {
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_snapshot()');
    const before = await counts(url, 'SELECT count(*) AS rows FROM wdpa.wdpas');
    await seed({ url, sites: 400, seed: 3 });
    const { rows } = await reader.query<{ rows: string }>('SELECT count(*) AS rows FROM wdpa.wdpas');
    expect(Number(rows[0]?.rows)).toBe(before.rows);
    await reader.query('COMMIT');
  } finally {
    await reader.end();
  }
  expect(await counts(url, 'SELECT sites FROM demo.seeding')).toEqual({ sites: 400 });
});

it('waits for a reader that holds a table, and lets it take the others', async () => {
  const reader = new Client({ connectionString: databases.portalReaderUrl });
  await reader.connect();
  try {
    await reader.query('BEGIN; SELECT count(*) FROM wdpa.wdpas');
    let waiting = () => {};
    const reached = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const seeded = seed({ url, sites: 300, progress: (step) => step.startsWith('waiting') && waiting() });
    await reached;
    await reader.query('SELECT count(*) FROM wdpa.spatial_data');
    await reader.query('SELECT count(*) FROM reference.iso3');
    await reader.query('COMMIT');
    expect(await seeded).toMatchObject({ sites: 300 });
  } finally {
    await reader.end();
  }
});

it('can be spoilt in each way a test needs, and put right again', async () => {
  const whole = await digests(url);
  const spoilt = async (spoil: (url: string, n: number) => Promise<number>, rows: string) => {
    expect(await spoil(url, 3), spoil.name).toBe(3);
    expect(await counts(url, `SELECT count(*) AS n FROM ${rows}`), spoil.name).toEqual({ n: 3 });
  };
  await spoilt(
    duplicateSites,
    '(SELECT FROM wdpa.wdpas WHERE archived_at IS NULL GROUP BY site_id, parcel_id HAVING count(*) > 1) AS d',
  );
  await seed({ url, sites: 300 });
  await spoilt(pointsBesidePolygons, '(SELECT FROM wdpa.spatial_data GROUP BY wdpa_id HAVING count(*) = 2) AS d');
  await spoilt(invalidGeometries, 'wdpa.spatial_data WHERE NOT ST_IsValid(geom)');
  await spoilt(wrongSrid, 'wdpa.spatial_data WHERE ST_SRID(geom) <> 4326');
  await spoilt(missingGeometries, 'wdpa.spatial_data WHERE geom IS NULL');
  await spoilt(missingSiteTypes, 'wdpa.wdpas WHERE site_type_id IS NULL');
  await spoilt(missingParcelIds, 'wdpa.wdpas WHERE parcel_id IS NULL');
  await emptyPortal(url);
  expect(await counts(url, 'SELECT count(*) AS n FROM wdpa.spatial_data')).toEqual({ n: 0 });
  await dropPortalTable(url, 'wdpa.source');
  await seed({ url, sites: 300 });
  expect(await digests(url)).toEqual(whole);
});
