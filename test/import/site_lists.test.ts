import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

let importing: Importing;
beforeAll(async () => {
  importing = await openImporting(['sources', 'protected_areas']);
});
afterAll(() => importing?.close());

describe('lists of sites', () => {
  const someSites = async () =>
    (await importing.rows<{ site_id: number }>('select site_id from staging_protected_areas order by 1 limit 5')).map(
      ({ site_id }) => site_id,
    );

  it('PARCC and irreplaceability mark the sites they name, and no others; unknown sites are a note', async () => {
    const [a, b, c] = await someSites();
    importing.file('parcc_info.csv', `site_id\n${a}\n${b}\n999999999\n5.56e8\n${a}\n`);
    importing.file('irreplaceability_info.csv', `site_id,name,area\n${b},Some name,12\n${c},Other,1\n`);
    await importing.run('protected_areas');
    const marked = await importing.rows(
      `select site_id, has_parcc_info as parcc, has_irreplaceability_info as irreplaceable from staging_protected_areas
       where has_parcc_info or has_irreplaceability_info order by 1`,
    );
    expect(marked).toEqual([
      { site_id: a, parcc: true, irreplaceable: false },
      { site_id: b, parcc: true, irreplaceable: true },
      { site_id: c, parcc: false, irreplaceable: true },
    ]);
    const told = (await importing.rejects('protected_areas')).filter(({ row_key }) => row_key.includes('.csv'));
    expect(told.map(({ severity, reason, row_key }) => [severity, reason, row_key])).toEqual([
      ['note', 'no such site in this release', 'parcc_info.csv line 4'],
      ['soft', 'line 6 has the same site_id and counts', 'parcc_info.csv line 2'],
      ['soft', 'column site_id: not a whole number', 'parcc_info.csv line 5'],
    ]);
    const [parcels] = await importing.rows(
      'select count(*)::int as n from staging_protected_area_parcels where has_parcc_info or has_irreplaceability_info',
    );
    expect(parcels).toEqual({ n: 0 });
  });

  it('a changed list makes the sites anew, and so all that other importers have written into them', async () => {
    const certified = async () =>
      (await importing.rows('select site_id from staging_protected_areas where green_list_status_id is not null'))
        .length;
    await importing.run('green_list');
    const before = await certified();
    expect(before).toBeGreaterThan(0);
    importing.file('parcc_info.csv', `site_id\n${(await someSites())[3]}\n`);
    expect((await importing.run('protected_areas')).alreadyDone).toBeUndefined();
    expect(await certified()).toBe(0);
    expect((await importing.run('green_list')).alreadyDone).toBeUndefined();
    expect(await certified()).toBe(before);
  });

  it('without a folder of CSV files sites keep the marks they have in live', async () => {
    const [a] = await someSites();
    await importing.rows(
      `insert into protected_areas (id, site_id, has_parcc_info, created_at, updated_at) values (1, ${a}, true, now(), now())`,
    );
    await importing.run('protected_areas', { csvDir: undefined });
    await importing.rows('delete from protected_areas');
    expect(await importing.rows('select site_id from staging_protected_areas where has_parcc_info')).toEqual([
      { site_id: a },
    ]);
  });

  it('story map links join sites to addresses, each once; ids stay; an unknown site is a note', async () => {
    const [a, b] = await someSites();
    await importing.rows(
      `insert into story_map_links (id, protected_area_id, link, link_type, created_at, updated_at)
       select 500, id, 'http://bit.ly/x', 'English version', '2020-01-01', '2020-01-01' from staging_protected_areas where site_id = ${a}`,
    );
    importing.file(
      'story_map_link_sites.csv',
      `site,link,type\n${a},http://bit.ly/x,"English version"\n${a},http://bit.ly/x,English version\n${b},http://bit.ly/y,Arabic version\n999999999,http://bit.ly/z,None\nabc,http://bit.ly/w,None\n`,
    );
    const { counts } = await importing.run('story_map_links');
    await importing.rows('delete from story_map_links');
    expect(counts).toEqual({ story_map_links: 2 });
    const links = await importing.rows(
      `select l.id, a.site_id, link, link_type from staging_story_map_links l join staging_protected_areas a on a.id = protected_area_id order by 1`,
    );
    expect(links).toEqual([
      { id: 500, site_id: a, link: 'http://bit.ly/x', link_type: 'English version' },
      { id: 501, site_id: b, link: 'http://bit.ly/y', link_type: 'Arabic version' },
    ]);
    expect(
      (await importing.rejects('story_map_links'))
        .map(({ severity, row_key }) => [severity, row_key])
        .sort((x, y) => String(x[1]).localeCompare(String(y[1]))),
    ).toEqual([
      ['soft', 'story_map_link_sites.csv line 2'],
      ['note', 'story_map_link_sites.csv line 5'],
      ['soft', 'story_map_link_sites.csv line 6'],
    ]);
  });

  it('a story map without a link is set aside; one without a type keeps its id', async () => {
    const [a] = await someSites();
    await importing.rows(
      `insert into story_map_links (id, protected_area_id, link, created_at, updated_at)
       select 700, id, 'http://bit.ly/v', '2020-01-01', '2020-01-01' from staging_protected_areas where site_id = ${a}`,
    );
    importing.file('story_map_link_sites.csv', `site,link,type\n${a},na,English version\n${a},http://bit.ly/v,\n`);
    await importing.run('story_map_links');
    await importing.rows('delete from story_map_links');
    expect(await importing.rows('select id, link, link_type from staging_story_map_links')).toEqual([
      { id: 700, link: 'http://bit.ly/v', link_type: null },
    ]);
    expect(await importing.rejects('story_map_links')).toMatchObject([
      { severity: 'soft', reason: 'it has no link', row_key: 'story_map_link_sites.csv line 2' },
    ]);
  });
});
