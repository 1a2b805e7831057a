import { afterAll, beforeAll, expect, it } from 'vitest';
import { seed } from '../../local/portal/seed.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { query } from './support.ts';

const SITES = 4000;

interface Version {
  id: string;
  archived: boolean;
  name: string | null;
  class: string;
  source: string;
  geom: string;
  rest: string;
}

let databases: TestDatabases;
const months: Map<string, Version>[] = [];

const portalNow = async (url: string) => {
  const rows = await query<Version>(
    url,
    `SELECT w.id::text, archived_at IS NOT NULL AS archived, english_name || original_name AS name,
            concat_ws('|', english_designation_id, iucn_category_id, status_id) AS class, coalesce(source_id, 0)::text AS source,
            md5(s.geom::text) AS geom,
            md5((to_jsonb(w) - '{archived_at,english_name,original_name,english_designation_id,english_designation_text,iucn_category_id,
              status_id,source_id,reported_area,reported_marine_area,gis_area,gis_marine_area,no_take_area}'::text[])::text) AS rest
     FROM wdpa.wdpas w JOIN wdpa.spatial_data s ON s.wdpa_id = w.id`,
  );
  return new Map(rows.map((row) => [row.id, row]));
};

beforeAll(async () => {
  databases = await createTestDatabases();
  for (const month of [0, 1, 2]) {
    await seed({ url: databases.portalUrl, sites: SITES, month });
    months.push(await portalNow(databases.portalUrl));
  }
});
afterAll(() => databases?.drop());

it.each([1, 2])('changes in month %i what a real month changes, and nothing else', (month) => {
  const [before, after] = [
    months[month - 1] ?? new Map<string, Version>(),
    months[month] ?? new Map<string, Version>(),
  ];
  const pairs = [...before.values()].map((old) => [old, after.get(old.id)] as const);
  const changed = (what: keyof Version) => pairs.filter(([old, now]) => now && old[what] !== now[what]).length / SITES;

  expect(pairs.filter(([, now]) => now === undefined)).toEqual([]);
  expect(changed('rest')).toBe(0);
  // Of parcels, of which there are some 1.2 to a site.
  const between = (share: number, from: number, to: number) => {
    expect(share).toBeGreaterThanOrEqual(from);
    expect(share).toBeLessThanOrEqual(to);
  };
  between((after.size - before.size) / SITES, 0.005, 0.008);
  between(changed('archived'), 0.002, 0.004);
  between(changed('name'), 0.004, 0.008);
  between(changed('class'), 0.0025, 0.005);
  between(changed('geom'), 0.003, 0.007);
  between(changed('source'), 0, 0.002);
});

it('brings new designations, evaluations and nothing that is gone comes back', async () => {
  const [found] = await query<{ designations: string; evaluations: string }>(
    databases.portalUrl,
    `SELECT (SELECT count(*) FROM wdpa.designation_eng_cat WHERE id > 1000) AS designations,
            (SELECT count(*) FROM pame.pame WHERE asmt_year >= 2026) AS evaluations`,
  );
  expect(found?.designations).toBe('2');
  expect(Number(found?.evaluations)).toBeGreaterThan(10);
  const [, first, second] = months;
  for (const row of first?.values() ?? []) if (row.archived) expect(second?.get(row.id)?.archived).toBe(true);
});
