import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Importing, openImporting } from '../support/importing.ts';

let importing: Importing;
beforeAll(async () => {
  importing = await openImporting(['sources', 'protected_areas', 'pame_sources', 'pame'], { sites: 400 });
});
afterAll(() => importing?.close());

const countryFile = (codes: string[], cells: Record<string, string> = {}) => {
  const columns =
    'pa_marine_area pa_land_area marine_area land_area percentage_pa_land_cover percentage_pa_marine_cover percentage_nr_land_cover percentage_nr_marine_cover nr_version nr_report_url oecms_pa_marine_area oecms_pa_land_area percentage_oecms_pa_land_cover percentage_oecms_pa_marine_cover'.split(
      ' ',
    );
  const header = [...new Set(['iso3', ...columns, ...Object.keys(cells)])];
  return [header, ...codes.map((code) => header.map((name) => (name === 'iso3' ? code : (cells[name] ?? '1'))))]
    .map((line) => line.join(','))
    .join('\n');
};
const pameFile = (codes: string[]) =>
  `iso3,pame_pa_marine_area,pame_pa_land_area,pame_percentage_pa_marine_cover,pame_percentage_pa_land_cover\n${codes
    .map((code) => `${code},10,20,1.5,2.5`)
    .join('\n')}`;

async function countries(codes: string[], cells?: Record<string, string>) {
  importing.file('country_statistics_2026-04-01.csv', countryFile(codes, cells));
  importing.file('pame_country_statistics_2026-04-01.csv', pameFile(codes));
  return importing.run('country_statistics');
}
const allCodes = async () =>
  (await importing.rows<{ iso_3: string }>('select distinct iso_3 from countries order by 1')).map(
    ({ iso_3 }) => iso_3,
  );

describe('country statistics', () => {
  it('count polygons and points of each country, in all and by PA and OECM', async () => {
    await countries(await allCodes());
    const differing = await importing.rows(
      `select c.iso_3, s.polygons_count, s.points_count, s.oecm_polygon_count, s.oecm_point_count,
              s.protected_area_polygon_count, s.protected_area_point_count, e.*
       from staging_country_statistics s join countries c on c.id = s.country_id
       left join lateral (
         select count(*) filter (where st_dimension(a.the_geom) = 2)::int as polygons,
                count(*) filter (where st_dimension(a.the_geom) = 0)::int as points,
                count(*) filter (where st_dimension(a.the_geom) = 2 and a.is_oecm)::int as oecm_polygons,
                count(*) filter (where st_dimension(a.the_geom) = 0 and a.is_oecm)::int as oecm_points
         from staging_protected_areas a where exists (
           select from staging_countries_protected_areas j where j.protected_area_id = a.id and j.country_id = c.id)) e on true
       where (polygons_count, points_count, oecm_polygon_count, oecm_point_count, protected_area_polygon_count, protected_area_point_count)
         is distinct from (e.polygons, e.points, e.oecm_polygons, e.oecm_points, e.polygons - e.oecm_polygons, e.points - e.oecm_points)`,
    );
    expect(differing).toEqual([]);
    const [sum] = await importing.rows(
      `select sum(polygons_count) > 0 as polygons, sum(points_count) > 0 as points, sum(oecm_polygon_count + oecm_point_count) > 0 as oecms
       from staging_country_statistics`,
    );
    expect(sum).toEqual({ polygons: true, points: true, oecms: true });
  });

  it('keep the high seas and Antarctica apart, without a country and without counts', async () => {
    await countries(['FRA', 'ATA', 'ABNJ']);
    const rows = await importing.rows(
      `select country_id is null as nowhere, pa_land_area, polygons_count is null as uncounted from staging_country_statistics order by id`,
    );
    expect(rows.filter(({ nowhere }) => nowhere)).toEqual([
      { nowhere: true, pa_land_area: 1, uncounted: true },
      { nowhere: true, pa_land_area: 1, uncounted: true },
    ]);
    expect(rows).toHaveLength(3);
  });

  it('take columns of the table that the file usually lacks', async () => {
    await countries(['FRA'], { pa_area: '42', jrc_terr_area: '7' });
    expect(await importing.rows('select pa_area, jrc_terr_area, eez_area from staging_country_statistics')).toEqual([
      { pa_area: 42, jrc_terr_area: 7, eez_area: null },
    ]);
  });

  it('stand under the lowest id where two countries have one code', async () => {
    await importing.rows(
      `insert into countries (id, name, iso_3, created_at, updated_at) values (90001, 'Twin', 'FRA', now(), now())`,
    );
    await countries(['FRA']);
    const [row] = await importing.rows(
      `select country_id = (select min(id) from countries where iso_3 = 'FRA') as lowest from staging_country_statistics`,
    );
    await importing.rows('delete from countries where id = 90001');
    expect(row).toEqual({ lowest: true });
  });

  it('keep id and dates from release to release; updated_at follows the content', async () => {
    await importing.rows(
      `insert into country_statistics (id, country_id, pa_land_area, created_at, updated_at)
       select 7000 + id, id, 1, '2020-01-01', '2020-01-02' from countries where iso_3 in ('FRA', 'DEU')`,
    );
    await countries(['FRA', 'DEU', 'ESP']);
    await importing.rows(`update country_statistics l set (pa_marine_area, marine_area, land_area) = (1, 1, 1)`);
    const before = await importing.rows(
      `select c.iso_3, s.id = 7000 + c.id as kept, s.created_at = '2020-01-01' as as_made, s.updated_at = '2020-01-02' as unchanged
       from staging_country_statistics s join countries c on c.id = s.country_id order by 1`,
    );
    expect(before).toEqual([
      { iso_3: 'DEU', kept: true, as_made: true, unchanged: false },
      { iso_3: 'ESP', kept: false, as_made: false, unchanged: false },
      { iso_3: 'FRA', kept: true, as_made: true, unchanged: false },
    ]);
    await importing.rows('delete from country_statistics');
    await importing.rows(
      `insert into country_statistics select * from staging_country_statistics;
       `,
    );
    await importing.rows(`update country_statistics set updated_at = '2020-03-03'`);
    await countries(['FRA', 'DEU', 'ESP', 'ITA']);
    const after = await importing.rows(
      `select count(*) filter (where updated_at = '2020-03-03')::int as same, count(*)::int as rows from staging_country_statistics`,
    );
    await importing.rows('delete from country_statistics');
    expect(after).toEqual([{ same: 3, rows: 4 }]);
  });
});

describe('PAME statistics', () => {
  it('count evaluations and the sites they are of, parcels included, for each country where they lie', async () => {
    const codes = await allCodes();
    await countries([...codes, 'ABNJ']);
    const differing = await importing.rows(
      `with lying as (
         select j.country_id, e.id, a.site_id from staging_pame_evaluations e
         join staging_countries_protected_areas j using (protected_area_id) join staging_protected_areas a on a.id = e.protected_area_id
         union
         select j.country_id, e.id, p.site_id from staging_pame_evaluations e
         join staging_countries_protected_area_parcels j using (protected_area_parcel_id)
         join staging_protected_area_parcels p on p.id = e.protected_area_parcel_id)
       select c.iso_3, s.assessments, s.assessed_pas from staging_pame_statistics s join countries c on c.id = s.country_id
       where (s.assessments, s.assessed_pas) is distinct from (
         (select count(*)::int from lying where country_id = c.id), (select count(distinct site_id)::int from lying where country_id = c.id))`,
    );
    expect(differing).toEqual([]);
    const [row] = await importing.rows(
      `select sum(assessments)::int > 0 as some, count(*) filter (where assessments is null)::int as without,
              min(pame_pa_marine_area) as marine, min(pame_pa_land_area) as land, min(pame_percentage_pa_land_cover) as cover
       from staging_pame_statistics`,
    );
    expect(row).toEqual({ some: true, without: 1, marine: 10, land: 20, cover: 2.5 });
  });
});

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

describe('lists of sites', () => {
  const someSites = async () =>
    (await importing.rows<{ site_id: number }>('select site_id from staging_protected_areas order by 1 limit 5')).map(
      ({ site_id }) => site_id,
    );

  it('PARCC and irreplaceability mark the sites they name, and no others; unknown sites are a note', async () => {
    const [a, b, c] = await someSites();
    importing.file('parcc_info.csv', `site_id\n${a}\n${b}\n999999999\n5.56e8\n`);
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
      ['soft', 'column site_id: not a whole number', 'parcc_info.csv line 5'],
    ]);
    const [parcels] = await importing.rows(
      'select count(*)::int as n from staging_protected_area_parcels where has_parcc_info or has_irreplaceability_info',
    );
    expect(parcels).toEqual({ n: 0 });
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
});

describe('live updates', () => {
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
