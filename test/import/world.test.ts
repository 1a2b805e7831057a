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
      ',a ragged one',
    ]);
    expect((await importing.rejects('global_stats')).filter(({ row_key }) => row_key.includes('.csv'))).toEqual([]);
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

  it('go each to its own column, under the id of live; updated_at stays while they say the same', async () => {
    const columns = await importing.rows<{ name: string; share: boolean }>(
      `select attname as name, attname ~ 'percentage|_perc$' as share from pg_attribute
       where attrelid = 'global_statistics'::regclass and attnum > 0
         and attname not in ('id', 'singleton_guard', 'created_at', 'updated_at') order by attname`,
    );
    expect(columns).toHaveLength(36);
    const given = Object.fromEntries(columns.map(({ name, share }, at) => [name, share ? at + 0.5 : 1000 + at]));
    await importing.rows(
      `insert into global_statistics (id, singleton_guard, created_at, updated_at) values (7, 0, '2020-01-01', '2020-01-02')`,
    );
    const lines = Object.entries(given).map(([name, value]) => `${name},,${value}`);
    await load(lines);
    const kept = { id: '7', singleton_guard: 0, created_at: new Date('2020-01-01') };
    const [changed] = await row();
    expect(changed).toEqual({ ...given, ...kept, updated_at: expect.any(Date) });
    expect(changed?.updated_at).not.toEqual(new Date('2020-01-02'));

    await importing.rows('delete from global_statistics');
    await importing.rows('insert into global_statistics select * from staging_global_statistics');
    await importing.rows(`update global_statistics set updated_at = '2020-03-03'`);
    await load([...lines, ',the same with a footer,']);
    await importing.rows('delete from global_statistics');
    expect(await row()).toEqual([{ ...given, ...kept, updated_at: new Date('2020-03-03') }]);
  });

  it('a type that is not there is set aside by name, as are a share above 100 and a number too large', async () => {
    await load(['green_list_perc,,101', 'total_protected_areas,,99999999999']);
    const told = (await importing.rejects('global_stats')).map(({ reason }) => reason);
    expect(told).toContain('a percentage outside 0 to 100');
    expect(told).toContain('a number too large');
    expect(told.filter((reason) => reason === 'the file has no line for this statistic')).toHaveLength(34);
    expect(await row()).toMatchObject([{ green_list_perc: null, total_protected_areas: null }]);
  });

  it('a text that the website keeps in a column of its own stays, and is no missing statistic', async () => {
    for (const name of ['global_statistics', 'staging_global_statistics'])
      await importing.rows(`alter table ${name} add column remark text`);
    await importing.rows('delete from global_statistics');
    await importing.rows(`insert into global_statistics (id, singleton_guard, created_at, updated_at, remark)
                          values (7, 0, now(), now(), 'of the website')`);
    await load(['total_oecms,,5']);
    expect(await row()).toMatchObject([{ total_oecms: 5, remark: 'of the website' }]);
    expect((await importing.rejects('global_stats')).map(({ row_key }) => row_key)).not.toContain('remark');
    await importing.rows('delete from global_statistics');
    for (const name of ['global_statistics', 'staging_global_statistics'])
      await importing.rows(`alter table ${name} drop column remark`);
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
  const NAMES = [
    ...['coverage_terrestrial', 'coverage_marine', 'effectively_managed_terrestrial', 'effectively_managed_marine'],
    ...['representative_global', 'well_connected_global', 'importance_global'],
    ...['representative_global_value', 'well_connected_global_value', 'importance_global_value'],
  ];
  const load = (names: string[], ...lines: number[][]) => {
    importing.file('aichi11_targets.csv', [names, ...lines].map((line) => `${line.join(',')}\n`).join(''));
    return importing.run('aichi11_target');
  };
  const row = () => importing.rows('select * from staging_aichi11_targets');

  it('the first line is the one row; a file without the three values is the usual one', async () => {
    await load(NAMES.slice(0, 7), [17, 10, 17, 10, 17, 17, 17.5], [1, 1, 1, 1, 1, 1, 1]);
    expect(await row()).toMatchObject([
      { singleton_guard: 0, coverage_terrestrial: 17, coverage_marine: 10, importance_global: 17.5 },
    ]);
    expect((await importing.rejects('aichi11_target')).map(({ reason }) => reason)).toEqual([
      'only the first line of this file counts',
    ]);
  });

  it('a file without the three values leaves those of live, which another program writes; one with blanks does not', async () => {
    await importing.rows(
      `insert into aichi11_targets (id, representative_global_value, well_connected_global_value, importance_global_value, created_at, updated_at)
       values (7, 41.2, 7.84, 19.5, '2020-01-01', '2020-01-02')`,
    );
    const values = {
      representative_global_value: 41.2,
      well_connected_global_value: 7.84,
      importance_global_value: 19.5,
    };
    await load(NAMES.slice(0, 7), [17, 10, 17, 10, 17, 17, 17.5]);
    expect(await row()).toMatchObject([{ id: '7', coverage_marine: 10, ...values }]);
    await load(NAMES.slice(0, 8), [17, 10, 17, 10, 17, 17, 17.5, 42]);
    expect(await row()).toMatchObject([{ ...values, representative_global_value: 42 }]);
    importing.file('aichi11_targets.csv', `${NAMES.join(',')}\n17,10,17,10,17,17,17.5,,,-\n`);
    await importing.run('aichi11_target');
    await importing.rows('delete from aichi11_targets');
    expect(await row()).toMatchObject([Object.fromEntries(Object.keys(values).map((name) => [name, null]))]);
  });

  it('each number goes to its column, under the id of live; updated_at stays while they say the same', async () => {
    const given = Object.fromEntries(NAMES.map((name, at) => [name, at + 0.5]));
    await importing.rows(
      `insert into aichi11_targets (id, coverage_marine, created_at, updated_at) values (7, 1, '2020-01-01', '2020-01-02')`,
    );
    await load(NAMES, Object.values(given));
    const [changed] = await row();
    expect(changed).toMatchObject({ ...given, created_at: new Date('2020-01-01') });
    expect([String(changed?.id), changed?.updated_at]).toEqual(['7', expect.any(Date)]);
    expect(changed?.updated_at).not.toEqual(new Date('2020-01-02'));

    await importing.rows('delete from aichi11_targets');
    await importing.rows('insert into aichi11_targets select * from staging_aichi11_targets');
    await importing.rows(`update aichi11_targets set updated_at = '2020-03-03'`);
    await load(NAMES, Object.values(given), Object.values(given));
    await importing.rows('delete from aichi11_targets');
    expect(await row()).toEqual([{ ...changed, updated_at: new Date('2020-03-03') }]);
  });
});
