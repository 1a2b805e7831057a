import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importers } from '../../catalog/index.ts';
import { ROOT } from '../../local/paths.ts';
import { type Importing, openImporting } from '../support/importing.ts';

/** The real files stand beside the checkout on the machines where the project is developed, and in no clone. */
const csvDir = resolve(ROOT, '../shared/data');
const there = existsSync(csvDir);

let importing: Importing;
beforeAll(async () => {
  if (!there) return;
  importing = await openImporting();
  for (const { name } of importers) await importing.run(name, { csvDir });
});
afterAll(() => importing?.close());

it.runIf(there)(
  'the real files are imported: every country, both areas without one, all 36 statistics of the world',
  async () => {
    const [countries] = await importing.rows(
      `select count(*)::int as rows, count(*) filter (where country_id is null)::int as without_country,
            (select land_area from staging_country_statistics s join countries c on c.id = s.country_id where iso_3 = 'ABW') as aruba,
            (select count(*)::int from staging_pame_statistics) as pame
     from staging_country_statistics`,
    );
    expect(countries).toEqual({ rows: 246, without_country: 2, aruba: 179.72, pame: 246 });
    const [world] = await importing.rows(
      `select total_protected_areas, total_land_area_protected, green_list_count, total_land_pa_coverage_percentage,
            (select count(*)::int from jsonb_each(to_jsonb(s)) where value = 'null') as nothing from staging_global_statistics s`,
    );
    expect(world).toEqual({
      total_protected_areas: 312510,
      total_land_area_protected: 23315038,
      green_list_count: 86,
      total_land_pa_coverage_percentage: 17.33,
      nothing: 0,
    });
  },
);

it.runIf(there)('what cannot be taken is told by file, line and column, and none of it is a hard error', async () => {
  const rejects = await importing.rejects('country_statistics');
  expect(rejects.filter(({ severity }) => severity === 'soft').map(({ reason }) => reason)).toEqual(
    Array(4).fill('column nr_version: not a whole number'),
  );
  expect((await importing.rejects('global_stats')).filter(({ severity }) => severity === 'soft')).toEqual([]);
  const [planned] = await importing.rows(
    `select count(*) filter (where column_name = 'is_biopama')::int as biopama from pp_release.live_changes`,
  );
  expect(planned).toEqual({ biopama: 79 });
});
