import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

let importing: Importing;
beforeAll(async () => {
  importing = await openImporting();
});
afterAll(() => importing?.close());

describe('live updates', () => {
  it('overseas territories: links are planned where they are missing, none is taken away; live is not touched', async () => {
    await importing.rows(`update countries set country_id = null where iso_3 in ('ABW', 'CUW')`);
    const before = await importing.rows('select * from countries order by id');
    importing.file(
      'overseas_territories.csv',
      'country,overseas_territories\nNLD,ABW; CUW;XXQ\nFRA,NCL\nFIN,FIN\nQQQ,ALA\n',
    );
    await importing.run('country_overseas_territories');
    const planned = await importing.rows(
      `select t.iso_3 as territory, p.iso_3 as parent, before_value from pp_release.live_changes
       join countries t on t.id = row_id join countries p on p.id = after_value::int order by 1`,
    );
    expect(planned).toEqual([
      { territory: 'ABW', parent: 'NLD', before_value: null },
      { territory: 'CUW', parent: 'NLD', before_value: null },
    ]);
    const told = (await importing.rejects('country_overseas_territories')).map(
      ({ reason, details }) => `${details.country} ${details.territory}: ${reason}`,
    );
    expect(told.sort()).toEqual([
      'FIN FIN: a country cannot be a territory of itself',
      'NLD XXQ: unknown country code',
      'QQQ ALA: unknown country code',
    ]);
    expect(await importing.rows('select * from countries order by id')).toEqual(before);
  });

  it('overseas territories: of two lines of one territory the later counts, but not one that cannot', async () => {
    await importing.rows(`update countries set country_id = null where iso_3 in ('ABW', 'CUW', 'NCL')`);
    importing.file(
      'overseas_territories.csv',
      'country,overseas_territories\nNLD,ABW;CUW\nQQQ,ABW\nABW,ABW\nFRA,NCL\nNZL,NCL\n',
    );
    await importing.run('country_overseas_territories');
    const planned = await importing.rows(
      `select t.iso_3 as territory, p.iso_3 as parent from pp_release.live_changes
       join countries t on t.id = row_id join countries p on p.id = after_value::int
       where importer = 'country_overseas_territories' order by 1`,
    );
    expect(planned).toEqual([
      { territory: 'ABW', parent: 'NLD' },
      { territory: 'CUW', parent: 'NLD' },
      { territory: 'NCL', parent: 'NZL' },
    ]);
    const told = (await importing.rejects('country_overseas_territories')).map(
      ({ row_key, reason, details }) => `${row_key} ${details.territory}: ${reason}`,
    );
    expect(told.sort()).toEqual([
      'overseas_territories.csv line 3 ABW: unknown country code',
      'overseas_territories.csv line 4 ABW: a country cannot be a territory of itself',
      'overseas_territories.csv line 5 NCL: a later line gives this territory to another country',
    ]);
  });

  it('overseas territories: a file of which no line can count is a hard error; a line that lost a territory counts', async () => {
    importing.file('overseas_territories.csv', 'country,overseas_territories\nNLD,XXQ\nFRA,\n');
    await expect(importing.run('country_overseas_territories')).rejects.toThrow(
      /none of the 2 rows of overseas_territories\.csv can be used: it has no overseas_territories \(1: .*unknown country code \(1: /,
    );
    importing.file('overseas_territories.csv', 'country,overseas_territories\nNLD,XXQ;ABW\n');
    expect(await importing.run('country_overseas_territories')).toMatchObject({ softErrors: 1 });
  });

  it('BIOPAMA: marks are planned for the listed countries, none is taken away; live is not touched', async () => {
    await importing.rows(`update countries set is_biopama = iso_3 = 'KEN'`);
    importing.file('biopama_countries_iso_codes.csv', 'ISO3\nBEN\nTGO\nXXQ\n');
    await importing.run('biopama_countries');
    const planned = await importing.rows(
      `select iso_3, before_value, after_value from pp_release.live_changes join countries c on c.id = row_id
       where importer = 'biopama_countries' order by 1`,
    );
    expect(planned).toEqual([
      { iso_3: 'BEN', before_value: 'false', after_value: 'true' },
      { iso_3: 'TGO', before_value: 'false', after_value: 'true' },
    ]);
    expect(await importing.rows('select iso_3 from countries where is_biopama')).toEqual([{ iso_3: 'KEN' }]);
  });
});
