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
