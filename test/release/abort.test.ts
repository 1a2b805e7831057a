import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { events, liveState, lockIsFree, releaseOf, stagingRelations, waitsForLock } from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness();
  expect((await harness.pp(['start', 'Jan2026', '--wait'])).code).toBe(0);
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

/** Somebody's session that holds a lock on a relation until it is ended. */
async function locker(relation: string, on: 'live' | 'portal' = 'live') {
  const session = await harness.session('somebody', on);
  await session.query(`begin; lock table ${relation} in access exclusive mode`);
  return session;
}

async function expectAborted(label: string) {
  const release = await releaseOf(harness, label);
  expect(release).toMatchObject({ state: 'aborted', is_current: false });
  expect(await events(harness, release.id)).toContain('aborted');
  expect(await stagingRelations(harness)).toEqual([]);
  await eventually('the lock is free', () => lockIsFree(harness));
  expect(await liveState(harness)).toEqual(before);
}

describe('an abort leaves live as it was, no staging, and a free lock', () => {
  it('while the views are filled from a portal that is locked', async () => {
    const session = await locker('wdpa.wdpas', 'portal');
    expect((await harness.pp(['start', 'Feb2026'])).code).toBe(0);
    await eventually('the filling waits for the portal', () => waitsForLock(harness, 'portal'));
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted: the release ended as aborted/)]);
    await expectAborted('Feb2026');
    await eventually('nothing waits on the portal any more', async () => !(await waitsForLock(harness, 'portal')));
    await session.end();
  });

  it('while an importer waits for a live table; whoever waits for the release is told', async () => {
    const session = await locker('pp_release.rejects');
    const waiting = harness.pp(['start', 'Feb2026', '--wait']);
    await eventually('an importer waits', () => waitsForLock(harness));
    expect((await harness.pp(['abort'])).code).toBe(0);
    await session.end();
    const { code, stderr } = await waiting;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Feb2026 .*aborted/)]);
    await expectAborted('Feb2026');
  });

  it("by Temporal's own cancel", async () => {
    const session = await locker('pp_release.rejects');
    expect((await harness.pp(['start', 'Apr2026'])).code).toBe(0);
    await eventually('an importer waits', () => waitsForLock(harness));
    const handle = harness.temporal.workflow.getHandle('portal-release-Apr2026');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancel/i);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    await session.end();
    await expectAborted('Apr2026');
  });
});

it('the next release after aborts succeeds', async () => {
  const { code, stderr } = await harness.pp(['start', 'Feb2026', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'Feb2026')).toMatchObject({ state: 'succeeded', is_current: true });
});

it('an abort that arrives when the swap is committed already, and the worker does not know yet, is told so', async () => {
  // Whoever notes the swap waits for us.
  await harness.live(`create function hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$`);
  await harness.live(`create trigger hold_up before insert on release_events for each row
    when (new.phase = 'swap_completed') execute function hold_up()`);
  const session = await harness.session('somebody');
  await session.query('select pg_advisory_lock(7)');
  expect((await harness.pp(['start', 'May2026'])).code).toBe(0);
  await eventually('the swap is committed', async () => (await releaseOf(harness, 'May2026')).is_current);
  await eventually('it is to be noted', () => waitsForLock(harness));
  const aborting = harness.pp(['abort']);
  const handle = harness.temporal.workflow.getHandle('portal-release-May2026');
  await eventually('the database is asked', async () => {
    const { raw } = await handle.describe();
    return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'findSwap');
  });
  await session.end();
  const { code, stderr } = await aborting;
  expect([code, stderr]).toEqual([3, expect.stringMatching(/not aborted: the swap was committed before the abort/)]);
  expect(await handle.result()).toMatchObject({ state: 'succeeded' });
  expect(await releaseOf(harness, 'May2026')).toMatchObject({ state: 'succeeded', is_current: true });
  await harness.live('drop trigger hold_up on release_events; drop function hold_up');
});

it('when nothing runs there is nothing to abort: exit code 3', async () => {
  const { code, stderr } = await harness.pp(['abort']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('nothing is running')]);
});
