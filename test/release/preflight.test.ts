import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as faults from '../../local/portal/faults.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releaseOf } from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness();
  expect((await harness.pp(['start', 'Jan2026', '--wait'])).code).toBe(0);
});
afterAll(() => harness?.close());

/** Runs a release that preflight must refuse. @returns what the user is told */
async function refused(label: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await harness.pp(['start', label, ...args, '--wait']);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  const release = await releaseOf(harness, label);
  expect(release).toMatchObject({ state: 'failed', is_current: false });
  // The status says the same as the command did.
  expect(release.error_text).toContain(stderr.split('failed: ')[1]?.trim());
  return stderr;
}

describe('a portal that has gone bad is refused, and nothing of it gets live', () => {
  beforeEach(async () => {
    before = await liveState(harness);
  });
  afterEach(async () => {
    expect(await liveState(harness)).toEqual(before);
    expect(await lockIsFree(harness)).toBe(true);
    await harness.seed();
  });

  it('duplicates, invalid shapes and a wrong SRID: each named with its number and some keys, all in one message', async () => {
    await faults.invalidGeometries(harness.databases.portalUrl, 7);
    await faults.wrongSrid(harness.databases.portalUrl, 2);
    await faults.duplicateSites(harness.databases.portalUrl, 3);
    const twice = await harness.portal<{ key: string }>(
      `select concat_ws('/', site_id, parcel_id) as key from wdpa.wdpas where id < 0 order by 1`,
    );
    const message = await refused('Feb2026');
    expect(message).toMatch(/duplicate rows in staging_portal_standard_polygons: 3 values of \(site_id, site_pid\)/);
    for (const { key } of twice) expect(message).toContain(key);
    // The duplicates repeat the two shapes in the wrong system and the third bow tie.
    expect(message).toMatch(
      /4 rows with an SRID other than 4326, 10 rows with an invalid geometry \([0-9_A-Z/]+, .*…\)/,
    );
    expect(message).toMatch(/mend them in the portal/);
  });

  it('no rows at all', async () => {
    await faults.emptyPortal(harness.databases.portalUrl);
    expect(await refused('Feb2026')).toMatch(
      /empty source views: .*polygons and .*points have no rows.*look at the portal/,
    );
  });
});

describe('points alone gone although live has some', () => {
  beforeAll(async () => {
    await harness.portal('delete from wdpa.spatial_data where is_polygon = 0');
  });

  it('are refused, saying how to allow it', async () => {
    const [live] = await harness.live<{ n: number }>('select count(*)::int as n from portal_standard_points');
    expect(await refused('Mar2026')).toMatch(
      `empty source view staging_portal_standard_points although live portal_standard_points has ${live?.n} rows; allow it by name with --allow-empty portal_standard_points`,
    );
  });

  it('are released when allowed by name', async () => {
    const { code, stderr } = await harness.pp([
      'start',
      'Mar2026',
      '--allow-empty',
      'portal_standard_points',
      '--wait',
    ]);
    expect([code, stderr]).toEqual([0, '']);
    const [row] = await harness.live(
      `select (select count(*)::int from portal_standard_points) as points,
              (select count(*)::int from protected_areas where st_dimension(the_geom) = 0) as point_sites`,
    );
    expect(row).toEqual({ points: 0, point_sites: 0 });
  });
});

it('once the portal is mended, the same label succeeds as a release of its own', async () => {
  await harness.seed();
  expect((await harness.pp(['start', 'Feb2026', '--wait'])).code).toBe(0);
  expect(await releaseOf(harness, 'Feb2026')).toMatchObject({ state: 'succeeded', is_current: true, error_text: null });
});
