import { afterAll, beforeAll, expect, it } from 'vitest';
import { linkPortal } from '../../activities/portal/link.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask } from '../support/release.ts';

let databases: TestDatabases;

beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases?.drop());

const live = <Row extends object>(sql: string) => ask<Row>(databases.databaseUrl, sql);

/** Rows a round trip: of the server, and of the tables that have a number of their own. */
async function fetchSizes(): Promise<Record<string, string[]>> {
  const rows = await live<{ name: string; options: string[] }>(
    `select srvname as name, srvoptions as options from pg_foreign_server where srvname = 'portal_srv'
     union all select ftrelid::regclass::text, ftoptions from pg_foreign_table order by 1`,
  );
  const sizes = rows.map(({ name, options }) => [name, options.filter((option) => option.startsWith('fetch_size='))]);
  return Object.fromEntries(sizes.filter(([, found]) => found?.length));
}

const SIZES = { portal_srv: ['fetch_size=20000'], 'portal_fdw.spatial_data': ['fetch_size=2000'] };

it('geometry is fetched in small portions, all else in large ones', async () => {
  expect(await fetchSizes()).toEqual(SIZES);
});

it('a link that is there gets the same, whatever it had; its other options stay', async () => {
  const options = () => live(`select ftrelid::regclass::text as name, ftoptions from pg_foreign_table order by 1`);
  const before = await options();
  await live(`alter server portal_srv options (set fetch_size '7')`);
  await live(`alter foreign table portal_fdw.spatial_data options (drop fetch_size)`);
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
  expect(await fetchSizes()).toEqual(SIZES);
  await live(`alter foreign table portal_fdw.spatial_data options (set fetch_size '9')`);
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
  expect(await fetchSizes()).toEqual(SIZES);
  expect(await options()).toEqual(before);
});
