import { describe, expect, it } from 'vitest';
import { runImporter } from '../../activities/staging/importer.ts';
import type { Importer } from '../../catalog/index.ts';
import type { PortalRows } from '../support/portal_rows.ts';
import { type Change, NOTHING, rulesOverTwoReleases } from './months.ts';

const { rule, kept, months, portalNow } = rulesOverTwoReleases();

const rename: Change = (portal, site) =>
  portal.query(`update wdpa.wdpas set english_name = 'Renamed' where site_id = $1`, [site]);
const archive: Change = (portal, site) =>
  portal.query(`update wdpa.wdpas set archived_at = now() where site_id = $1`, [site]);

describe('from release to release', () => {
  rule(
    'a site that says the same is the same row, to the last column',
    (portal, site) => portal.site({ site, status: 'Designated', noTake: 'All', columns: { reported_area: 1.1 } }),
    NOTHING,
    async (site) => {
      await kept('protected_areas', `site_id = ${site}`, 'all');
      const ids = `id in (select no_take_status_id from protected_areas where site_id = ${site})`;
      await kept('no_take_statuses', ids, 'all');
    },
  );

  rule(
    'a site that says something else keeps its id and created_at; updated_at is the start of the release',
    (portal, site) => portal.site({ site }),
    rename,
    (site) => kept('protected_areas', `site_id = ${site}`, 'but updated_at'),
  );

  rule(
    'a shape that moved is something else',
    (portal, site) => portal.site({ site, point: 'SRID=4326;POINT(1 1)' }),
    (portal, site) =>
      portal.query(
        `update wdpa.spatial_data set geom = 'SRID=4326;POINT(1 2)' where wdpa_id in (select id from wdpa.wdpas where site_id = $1)`,
        [site],
      ),
    (site) => kept('protected_areas', `site_id = ${site}`, 'but updated_at'),
  );

  rule(
    'a parcel keeps its id by site and pid; one that is new gets a higher one',
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_B` });
      await portal.site({ site, pid: `${site}_C` });
    },
    (portal, site) => portal.site({ site, pid: `${site}_A` }),
    async (site) => {
      await kept('protected_area_parcels', `site_id = ${site} and site_pid <> '${site}_A'`, 'all');
      const [added] = await months.february('protected_area_parcels', `site_pid = '${site}_A'`);
      const highest = (await months.january('protected_area_parcels', 'true')).at(-1);
      expect(Number(added?.id)).toBeGreaterThan(Number(highest?.id));
      expect(added).toMatchObject({ created_at: months.started, updated_at: months.started });
      // Another parcel now stands for the site, and the site is still the same row.
      await kept('protected_areas', `site_id = ${site}`, 'but updated_at');
    },
  );

  rule(
    'new sites are numbered in the order of their site_id, above all that are kept',
    NOTHING,
    async (portal, site) => {
      for (const n of [2, 0, 1]) await portal.site({ site: site + n });
    },
    async (site) => {
      const rows = await months.february('protected_areas', `site_id between ${site} and ${site + 2}`);
      expect(rows.map((row) => row.site_id)).toEqual([site, site + 1, site + 2]);
      const highest = Number((await months.january('protected_areas', 'true')).at(-1)?.id);
      expect(Number(rows[0]?.id)).toBeGreaterThan(highest);
    },
  );

  rule(
    'a flag of live that no importer writes is carried over, for sites and parcels',
    (portal, site) => portal.site({ site, pid: `${site}_A` }),
    async (portal, site) => {
      const flags = 'is_dopa = true, has_parcc_info = true, has_irreplaceability_info = true';
      for (const table of ['protected_areas', 'protected_area_parcels']) {
        await portal.rooms.rows(`update ${table} set ${flags} where site_id = $1`, [site]);
      }
    },
    async (site) => {
      const flags = { is_dopa: true, has_parcc_info: true, has_irreplaceability_info: true };
      expect(await months.february('protected_area_parcels', `site_id = ${site}`)).toMatchObject([flags]);
      expect(await months.february('protected_areas', `site_id = ${site}`)).toMatchObject([{ is_dopa: true }]);
    },
  );

  rule(
    'two sites that shared a no-take status have one each: the first keeps its id',
    async (portal, site) => {
      for (const n of [0, 1]) await portal.site({ site: site + n, noTake: 'All' });
    },
    (portal, site) =>
      portal.rooms.rows(
        `update protected_areas set no_take_status_id = (select no_take_status_id from protected_areas where site_id = $1)
         where site_id = $1 + 1`,
        [site],
      ),
    async (site) => {
      const [before] = await months.january('protected_areas', `site_id = ${site}`);
      const [first, second] = await months.february('protected_areas', `site_id in (${site}, ${site + 1})`);
      expect(first?.no_take_status_id).toBe(before?.no_take_status_id);
      expect(second?.no_take_status_id).not.toBe(first?.no_take_status_id);
      const ids = `id in (${first?.no_take_status_id}, ${second?.no_take_status_id})`;
      expect((await months.february('no_take_statuses', ids)).map(({ name }) => name)).toEqual(['All', 'All']);
    },
  );

  rule(
    'a site that is gone is gone, and its lookup values stay',
    (portal, site) => portal.site({ site, status: 'Soon gone' }),
    archive,
    async (site) => {
      expect(await months.february('protected_areas', `site_id = ${site}`)).toEqual([]);
      await kept('legal_statuses', `name = 'Soon gone'`, 'all');
    },
  );

  rule(
    'a new lookup value gets an id above the known ones',
    (portal, site) => portal.site({ site, status: 'Zz known' }),
    (portal, site) => portal.site({ site: site + 1, status: 'Aa new' }),
    async () => {
      const [known] = await months.january('legal_statuses', `name = 'Zz known'`);
      const [added] = await months.february('legal_statuses', `name = 'Aa new'`);
      expect(Number(added?.id)).toBeGreaterThan(Number(known?.id));
      expect(added).toMatchObject({ created_at: months.started, updated_at: months.started });
    },
  );

  rule(
    'two sources alike keep their ids when others come before them, even from place 9 to 10',
    async (portal, site) => {
      for (let n = 1; n <= 7; n++) await sourced(portal, site, { originator_id: n });
      for (const citation of ['first', 'second']) await sourced(portal, site, { originator_id: site, citation });
    },
    (portal, site) => sourced(portal, site, { originator_id: 8 }),
    (site) => kept('sources', `metadataid in (7, ${site})`, 'all'),
  );

  rule(
    'a source that says something else keeps its id',
    (portal, site) => sourced(portal, site, { originator_id: site, data_title: 'A' }),
    (portal, site) => portal.query(`update wdpa.source set citation = 'new' where originator_id = $1`, [site]),
    (site) => kept('sources', `metadataid = ${site}`, 'but updated_at'),
  );
});

it('an id that an older generation gave to a site which is gone is not given again', async () => {
  const portal = portalNow();
  const { rooms } = portal;
  await portal.site({ site: 9000 });
  await rooms.release('Mar2027');
  const idOf = async (table: string, site: number) =>
    Number((await rooms.rows(`select id from ${table} where site_id = $1`, [site]))[0]?.id);
  const gone = await idOf('protected_areas', 9000);
  await archive(portal, 9000);
  await rooms.release('Apr2027');
  await portal.site({ site: 9001 });
  await rooms.stage('May2027');
  expect(await idOf('staging_protected_areas', 9001)).toBeGreaterThan(gone);
});

it('a release that is made again after its rollback gives the same ids and the same rows', async () => {
  const portal = portalNow();
  const { rooms } = portal;
  await portal.site({ site: 9002 });
  const sites = (table: string) =>
    rooms.rows(`select to_jsonb(t) - '{created_at,updated_at}'::text[] as row from ${table} t order by site_id`);
  const { release, stamp } = await rooms.release('Jun2027');
  const given = await sites('protected_areas');
  expect(await rooms.rollback(release, stamp)).toMatchObject({ outcome: 'rolled back' });
  expect(await sites('protected_areas')).not.toEqual(given);
  await rooms.stage('Jul2027');
  expect(await sites('staging_protected_areas')).toEqual(given);
});

it('a site whose source is not there is published without one, as a soft error', async () => {
  const portal = portalNow();
  const { rooms } = portal;
  await sourced(portal, 9100, { originator_id: 9100 });
  const release = await rooms.stage('Aug2027');
  await rooms.rows('delete from staging_sources where metadataid = 9100');
  await rooms.rows(`delete from pp_release.import_marks where importer = 'protected_areas'`);
  const importer = rooms.importers.find(({ name }) => name === 'protected_areas');
  await runImporter(rooms.db, release, importer as Importer, { onStep: () => undefined });
  expect(
    await rooms.rows(
      `select row_key ~ '^9100/9100_' as key, details from pp_release.rejects where release_id = $1 and reason ~ 'no source has'`,
      [release.releaseId],
    ),
  ).toEqual([{ key: true, details: { metadataid: 9100 } }]);
  expect(await rooms.rows('select from staging_protected_areas where site_id = 9100')).toHaveLength(1);
});

async function sourced(portal: PortalRows, site: number, columns: Record<string, unknown>): Promise<void> {
  const source_id = await portal.source({ data_title: 'Alike', ...columns });
  await portal.site({ site, pid: `${site}_${source_id}`, columns: { source_id } });
}
