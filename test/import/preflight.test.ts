import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStagingViews, dropStagingViews, indexStagingViews } from '../../activities/portal/materialized_views.ts';
import { preflight } from '../../activities/portal/preflight.ts';
import { views } from '../../catalog/index.ts';
import { emptyPortal } from '../../local/portal/faults.ts';
import { openPortalRows, POINT, type PortalRows, SQUARE } from '../support/portal_rows.ts';

const BOW_TIE = 'POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))';

let portal: PortalRows;

beforeAll(async () => {
  portal = await openPortalRows();
});
afterAll(() => portal?.close());

/** What preflight says of the portal; its counts if it has nothing to say. */
async function said(options: { allowEmpty?: string[] } = {}): Promise<string> {
  const { db } = portal.rooms;
  await createStagingViews(db);
  try {
    return JSON.stringify(await preflight(db, { allowEmpty: [], ...options }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('preflight names', () => {
  let message: string;

  beforeAll(async () => {
    for (const columns of [{ status_year: 2001 }, { status_year: 2002 }]) await portal.site({ site: 1, columns });
    await portal.shape(await portal.site({ site: 2 }), 1, SQUARE);
    await portal.shape(await portal.site({ site: 3, point: POINT }), 0, POINT);
    for (const end of ['A', 'B']) await portal.site({ site: 4, pid: `4_${'x'.repeat(60)}${end}` });
    await portal.site({ site: 5, polygon: `SRID=4326;${BOW_TIE}` });
    await portal.site({ site: 6, point: `SRID=4326;${BOW_TIE}` });
    await portal.site({ site: 7, polygon: 'SRID=3857;POLYGON((0 0, 0 1, 1 1, 1 0, 0 0))' });
    await portal.site({ site: 8, point: 'POINT(1 1)' });
    await portal.site({ site: 9, pid: null });
    await portal.site({ site: 10, pid: null, point: POINT });
    // Not published, and so no fault: another row of a key, a shape that is wrong in every way.
    await portal.site({ site: 11 });
    await portal.site({ site: 11, archived: true });
    await portal.site({ site: 11, restriction: 'restricted' });
    await portal.site({ site: 12, archived: true, polygon: `SRID=3857;${BOW_TIE}` });
    message = await said();
  });

  it('two published rows of one key, two polygons of one row, and pids that are the same when cut', () => {
    const cut = `4_${'x'.repeat(60)}`.slice(0, 52);
    expect(message).toContain(
      `duplicate rows in staging_portal_standard_polygons: 3 values of (site_id, site_pid) come more than once, 3 rows too many (1/1, 2/2, 4/${cut})`,
    );
  });

  it('two points of one row', () => {
    expect(message).toContain('duplicate rows in staging_portal_standard_points: 1 values of (site_id, site_pid)');
    expect(message).toContain('1 rows too many (3/3)');
  });

  it('shapes that are invalid, or in another reference system, or in none', () => {
    for (const [kind, keys] of [
      ['polygons', '5/5, 7/7'],
      ['points', '6/6, 8/8'],
    ]) {
      expect(message).toContain(
        `geometry of staging_portal_standard_${kind}: 1 rows with an SRID other than 4326, 1 rows with an invalid geometry (${keys})`,
      );
    }
  });

  it('rows without a parcel_id, which could be joined to nothing', () => {
    expect(message).toContain('staging_portal_standard_polygons: 1 rows have no site_id or no site_pid (9)');
    expect(message).toContain('staging_portal_standard_points: 1 rows have no site_id or no site_pid (10)');
  });

  it('nothing of rows that are not published', () => {
    expect(message).not.toMatch(/11\/11|12\/12/);
  });
});

describe('preflight', () => {
  it('passes a key in both views, shapes missing, empty or of any type, sources and records alike', async () => {
    await emptyPortal(portal.rooms.databases.portalUrl);
    await portal.site({ site: 1, polygon: SQUARE, point: POINT });
    await portal.site({ site: 2, pid: '2_A' });
    await portal.site({ site: 2, pid: '2_B' });
    await portal.shape(await portal.site({ site: 3, polygon: null }), 1, null);
    await portal.site({ site: 4, polygon: 'SRID=4326;GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))' });
    await portal.site({ site: 5, polygon: 'SRID=4326;POLYGON EMPTY' });
    for (const site of [6, 7]) {
      const source_id = await portal.source({ originator_id: 1, data_title: 'Alike' });
      await portal.site({ site, columns: { source_id } });
      await portal.evaluation({ site: 1, columns: { asmt_id: 5 } });
      await portal.greenList({ site: 1, columns: { gl_link: 'a' } });
    }
    expect(JSON.parse(await said())).toMatchObject({
      ...{ portal_standard_polygons: 8, portal_standard_points: 1, portal_standard_sources: 2 },
      ...{ portal_standard_pame: 2, portal_standard_greenlist: 2 },
    });
    // What it passes, the unique indexes hold.
    await indexStagingViews(portal.rooms.db);
    const indexes = await portal.rooms.rows(
      `select tablename as view, indexname as name, indexdef ~ 'CREATE UNIQUE' as unique,
              regexp_replace(indexdef, '.* USING ', '') as shape
       from pg_indexes where schemaname = 'public' and tablename ~ '^staging_portal_' order by 1, 2`,
    );
    const wanted = views.flatMap(({ name, indexes }) =>
      indexes.map((index) => ({
        ...{ view: `staging_${name}`, name: `staging_${index.name}`, unique: index.unique ?? false },
        shape: `${index.using ?? 'btree'} (${index.columns.join(', ')})`,
      })),
    );
    const byName = (a: { view: string; name: string }, b: { view: string; name: string }) =>
      `${a.view} ${a.name}` < `${b.view} ${b.name}` ? -1 : 1;
    expect(indexes.sort(byName as never)).toEqual(wanted.sort(byName));
  });

  it('is not reached with numbers that no column holds: table, column and rows are named, not the archived ones', async () => {
    const huge = 3_000_000_000;
    for (let n = 1; n <= 6; n++) await portal.site({ site: huge + n, columns: { id: 900 + n } });
    await portal.site({ site: huge + 9, archived: true, columns: { id: 909 } });
    await expect(said()).rejects.toMatchObject({
      type: 'PreflightFailed',
      message: `view portal_standard_polygons: numbers of the portal are too large for their columns: wdpas.site_id: 6 rows (${[1, 2, 3, 4, 5].map((n) => `id 90${n}: ${huge + n}`).join(', ')}, …); mend them in the portal`,
    });
    await portal.query('update wdpa.wdpas set archived_at = now() where site_id > $1', [huge]);
    await portal.rooms.db.transaction(dropStagingViews);
    await portal.query('alter table wdpa.source alter originator_id type bigint');
    await portal.rooms.rows('alter foreign table portal_fdw.source alter originator_id type bigint');
    await portal.source({ id: 77, originator_id: huge, data_title: 'Huge' });
    await portal.query('update wdpa.wdpas set source_id = 77 where site_id = 1');
    await expect(said()).rejects.toThrow(
      /source\.originator_id: 1 rows \(id 77: 3000000000\); mend them in the portal/,
    );
    await portal.query('update wdpa.wdpas set source_id = null where site_id = 1');
    await said();
  });

  it('names a view that is missing', async () => {
    await portal.rooms.rows('drop materialized view staging_portal_standard_pame');
    await expect(preflight(portal.rooms.db, { allowEmpty: [] })).rejects.toThrow(
      /views missing: staging_portal_standard_pame; run the release from create_staging_materialized_views/,
    );
  });

  it('refuses a portal that publishes nothing, whatever rows it has and whatever is allowed to be empty', async () => {
    await emptyPortal(portal.rooms.databases.portalUrl);
    await portal.site({ site: 1, archived: true });
    await portal.site({ site: 2, restriction: 'restricted' });
    expect(await said({ allowEmpty: ['portal_standard_points', 'portal_standard_polygons'] })).toMatch(
      /empty source views: .* have no rows/,
    );
  });
});
