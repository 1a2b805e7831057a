import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

let importing: Importing;
beforeAll(async () => {
  importing = await openImporting();
});
afterAll(() => importing?.close());

describe('statistics of the world', () => {
  const load = (lines: string[]) => {
    importing.file('global_statistics_2026-04-01.csv', `Type,description,Value\n${lines.join('\n')}\n`);
    return importing.run('global_stats', { softErrorLimitPercent: 100 });
  };
  const row = () => importing.rows('select * from staging_global_statistics');

  it('go to the column of their type, whole numbers cut off, thousands commas read, footer skipped', async () => {
    await load([
      'total_protected_areas,number,"312,510"',
      'total_land_area_protected,km2,22215535.83',
      'green_list_perc,share,1.93',
      'total_ocean_pa_coverage_percentage,share,na',
      ',methodology: see the website,',
    ]);
    expect(await row()).toMatchObject([
      {
        singleton_guard: 0,
        total_protected_areas: 312510,
        total_land_area_protected: 22215535,
        green_list_perc: 1.93,
        total_ocean_pa_coverage_percentage: null,
      },
    ]);
  });

  it('a type that is not there is set aside by name, as are a share above 100 and a number too large', async () => {
    await load(['green_list_perc,,101', 'total_protected_areas,,99999999999']);
    const told = (await importing.rejects('global_stats')).map(({ reason }) => reason);
    expect(told).toContain('a percentage outside 0 to 100');
    expect(told).toContain('a number too large');
    expect(told.filter((reason) => reason === 'the file has no line for this statistic')).toHaveLength(34);
    expect(await row()).toMatchObject([{ green_list_perc: null, total_protected_areas: null }]);
  });

  it('a type that comes twice, in whatever case: the later line counts', async () => {
    await load(['total_oecms,,5', 'TOTAL_OECMS,,6', ' Total_Oecms ,,7', 'total_oecms_pas,,8']);
    expect(await row()).toMatchObject([{ total_oecms: 7, total_oecms_pas: 8 }]);
    const told = (await importing.rejects('global_stats')).filter(({ row_key }) => row_key.includes('.csv'));
    expect(told.map(({ reason, row_key }) => `${row_key}: ${reason}`)).toEqual([
      'global_statistics_2026-04-01.csv line 2: line 4 has the same type and counts',
      'global_statistics_2026-04-01.csv line 3: line 4 has the same type and counts',
    ]);
  });

  it('a footer, and nothing else, is a file without rows', async () => {
    await expect(load([',methodology: see the website,'])).rejects.toThrow(/it has a header and no rows/);
  });

  it('an unknown type is a hard error that names it', async () => {
    await expect(load(['total_protected_arias,,1'])).rejects.toThrow(
      /importer global_stats: global_statistics_2026-04-01\.csv line 2: there is no statistic called 'total_protected_arias'; mend the type/,
    );
  });

  it('a header Value instead of value is the same column; another name is a hard error and not all zeros', async () => {
    importing.file('global_statistics_2026-04-01.csv', 'type,description,values\ntotal_protected_areas,,1\n');
    await expect(importing.run('global_stats')).rejects.toThrow(/line 1 has no column value/);
  });
});

describe('Aichi target 11', () => {
  it('Aichi target 11: the first line is the one row', async () => {
    importing.file(
      'aichi11_targets.csv',
      'coverage_terrestrial,coverage_marine,effectively_managed_terrestrial,effectively_managed_marine,representative_global,well_connected_global,importance_global\n17,10,17,10,17,17,17.5\n1,1,1,1,1,1,1\n',
    );
    await importing.run('aichi11_target');
    expect(await importing.rows('select * from staging_aichi11_targets')).toMatchObject([
      { singleton_guard: 0, coverage_terrestrial: 17, coverage_marine: 10, importance_global: 17.5 },
    ]);
    expect((await importing.rejects('aichi11_target')).map(({ reason }) => reason)).toEqual([
      'only the first line of this file counts',
    ]);
  });
});
