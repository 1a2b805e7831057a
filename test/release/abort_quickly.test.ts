import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releaseOf, stagingRelations, waitsForLock } from '../support/state.ts';
import { eventOf } from '../support/waiting.ts';

/** The promise: from the message on, whatever stands in the way. */
const LIMIT_MS = 5_000;

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness({ sites: 100 });
  expect((await harness.pp(['start', 'Jan2026', '--wait'])).code).toBe(0);
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

/** Sends the message itself: a command takes a second to start. Answers how long state and lock took, in ms. */
async function abort(label: string): Promise<number> {
  const started = Date.now();
  await harness.temporal.workflow.getHandle(`portal-release-${label}`).signal('abort');
  await eventually(
    'it is aborted and the lock is free',
    async () => (await releaseOf(harness, label)).state === 'aborted' && (await lockIsFree(harness)),
    40_000,
  );
  return Date.now() - started;
}

/** The portal's end of the release's foreign connection, which waits for a lock there. */
async function portalBackend(): Promise<number> {
  const [row] = await harness.portal<{ pid: number }>(
    `select l.pid from pg_locks l join pg_database d on d.oid = l.database
     where not l.granted and d.datname = current_database()`,
  );
  if (!row) throw new Error('the release has no session on the portal');
  return row.pid;
}

const buildingViews = () =>
  harness.live(
    `select from pg_stat_activity where application_name like 'pp % create_staging%' and datname = current_database()`,
  );

it('a portal that is frozen in the middle of a statement: state and lock within 5 s', async () => {
  const holdUp = await harness.session('somebody', 'portal');
  await holdUp.query('begin; lock table wdpa.wdpas in access exclusive mode');
  expect((await harness.pp(['start', 'Feb2026'])).code).toBe(0);
  await eventually('the release reads the portal', () => waitsForLock(harness, 'portal'));
  const pid = await portalBackend();
  process.kill(pid, 'SIGSTOP');
  try {
    expect(await abort('Feb2026')).toBeLessThan(LIMIT_MS);
    expect(await liveState(harness)).toEqual(before);
    // The test is of a session that does not end by itself, or else it shows nothing.
    expect(await buildingViews()).toHaveLength(1);
  } finally {
    process.kill(pid, 'SIGCONT');
    await holdUp.end();
  }
  await eventually('the session has ended once the portal let it go', async () => (await buildingViews()).length === 0);
  await eventually('nothing is left of staging', async () => (await stagingRelations(harness)).length === 0);
  const next = await harness.pp(['start', 'Feb2026', '--wait']);
  expect([next.code, next.stderr]).toEqual([0, '']);
});

it('a staging table that somebody has locked: within 5 s; what is left is said, and dropped when the lock is gone', async () => {
  expect((await harness.pp(['start', 'Mar2026', '--stop-after', 'build_staging', '--wait'])).code).toBe(0);
  const somebody = await harness.session('report of Kim');
  await somebody.query('begin; lock table staging_sources in access exclusive mode');
  expect((await harness.pp(['start', 'Mar2026', '--start-at', 'import_core'])).code).toBe(0);
  await eventually('an importer waits', () => waitsForLock(harness));
  expect(await abort('Mar2026')).toBeLessThan(LIMIT_MS);
  const { id } = await releaseOf(harness, 'Mar2026');
  const left = await eventually('what is left is said', () => eventOf(harness, id, 'staging_left').catch(() => false));
  expect(left).toMatchObject({
    relations: expect.arrayContaining(['staging_sources']),
    blockers: [expect.objectContaining({ application: 'report of Kim', relation: 'staging_sources' })],
  });
  expect(await stagingRelations(harness)).toContain('staging_sources');
  const resumed = await harness.pp(['start', 'Mar2026', '--start-at', 'finalise_swap', '--wait']);
  expect([resumed.code, resumed.stderr]).toEqual([1, expect.stringContaining('there is no staging')]);
  await somebody.end();
  await eventually('nothing is left of staging', async () => (await stagingRelations(harness)).length === 0);
  expect(await eventOf(harness, id, 'staging_dropped')).toEqual({ after: 'waiting for its locks' });
  expect(await liveState(harness)).toEqual(before);
  const next = await harness.pp(['start', 'Mar2026', '--wait']);
  expect([next.code, next.stderr]).toEqual([0, '']);
});

it('a release that starts while staging of an aborted one is locked: it waits for the lock, and keeps its own staging', async () => {
  expect((await harness.pp(['start', 'Apr2026', '--stop-after', 'build_staging', '--wait'])).code).toBe(0);
  const somebody = await harness.session('report of Kim');
  await somebody.query('begin; lock table staging_sources in access exclusive mode');
  expect((await harness.pp(['start', 'Apr2026', '--start-at', 'import_core'])).code).toBe(0);
  await eventually('an importer waits', () => waitsForLock(harness));
  expect(await abort('Apr2026')).toBeLessThan(LIMIT_MS);
  const waiting = () =>
    harness.live(
      `select from pg_stat_activity where application_name like 'pp left staging %' and wait_event_type = 'Lock' and datname = current_database()`,
    );
  await eventually('what is left is waited for', async () => (await waiting()).length === 1);
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run'])).code).toBe(0);
  await eventually('the next release waits too', async () => {
    const rows = await harness.live(
      `select from pg_stat_activity where application_name ~ '^pp [0-9]+ ' and wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows.length > 0;
  });
  await somebody.end();
  expect((await harness.pp(['watch', 'May2026'])).code).toBe(0);
  expect((await releaseOf(harness, 'May2026')).state).toBe('validating');
  expect(await stagingRelations(harness)).toContain('staging_sources');
  expect(await waiting()).toEqual([]);
  const next = await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait']);
  expect([next.code, next.stderr]).toEqual([0, '']);
});
