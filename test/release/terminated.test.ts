import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { atEvent, type LetGo, locked, read } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import {
  backupStamps,
  digests,
  events,
  liveState,
  lockIsFree,
  releaseOf,
  stagingRelations,
  waitsForLock,
} from '../support/state.ts';
import { eventOf } from '../support/waiting.ts';

/** What a workflow that was terminated leaves, and who puts it right. */

let harness: ReleaseHarness;
let letGo: LetGo = async () => undefined;

const terminate = (workflowId: string) => harness.temporal.workflow.getHandle(workflowId).terminate('by Kim');

beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
  for (const label of ['Jan2026', 'Feb2026']) expect((await harness.pp(['start', label, '--wait'])).code).toBe(0);
});
afterEach(async () => {
  await letGo();
  if (!(await lockIsFree(harness))) await harness.pp(['status']);
});
afterAll(() => harness?.close());

it('in the import: the next start ends what it was doing, says so in its row, and succeeds', async () => {
  const before = await liveState(harness);
  letGo = await locked(harness, 'pp_release.rejects');
  expect((await harness.pp(['start', 'Mar2026'])).code).toBe(0);
  await eventually('an importer waits', () => waitsForLock(harness));
  await terminate('portal-release-Mar2026');
  const next = harness.pp(['start', 'Apr2026', '--wait']);
  await eventually(
    'the row of the terminated one is right',
    async () => (await releaseOf(harness, 'Mar2026')).state === 'failed',
  );
  expect(await liveState(harness)).toEqual(before);
  await letGo();
  const { code, stderr } = await next;
  expect([code, stderr]).toEqual([0, '']);
  const { id, error_text } = await releaseOf(harness, 'Mar2026');
  expect(error_text).toBe(
    'Abandoned: workflow portal-release-Mar2026 was terminated before it could end the release Mar2026; go on with pp-release start Mar2026 --start-at PHASE, or start it anew',
  );
  expect(await eventOf(harness, id, 'lock_taken_over')).toMatchObject({ purpose: 'release Mar2026' });
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'succeeded', is_current: true });
});

it('after COMMIT: its row says that it is live and was not finished, and it can be finished', async () => {
  letGo = await atEvent(harness, 'phase_started', 'post_swap');
  expect((await harness.pp(['start', 'May2026'])).code).toBe(0);
  await eventually('post_swap waits', () => waitsForLock(harness));
  await terminate('portal-release-May2026');
  await letGo();
  expect((await harness.pp(['status'])).code).toBe(0);
  const release = await releaseOf(harness, 'May2026');
  expect(release).toMatchObject({
    is_current: true,
    state: 'failed',
    error_text: expect.stringMatching(
      /^Abandoned: the release is live, but was not finished: .*--start-at finalise_swap$/,
    ),
  });
  expect(await lockIsFree(harness)).toBe(true);
  const live = await digests(harness);
  expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait'])).code).toBe(0);
  expect(await releaseOf(harness, 'May2026')).toMatchObject({ id: release.id, state: 'succeeded', error_text: null });
  expect(await digests(harness)).toEqual(live);
});

describe('a rollback', () => {
  it('that waits for a reader: live is as it was, its event is there, and the next rollback succeeds', async () => {
    const before = await liveState(harness);
    const stamp = (await backupStamps(harness)).at(-1) ?? '';
    letGo = await read(harness, 'protected_areas');
    expect((await harness.pp(['rollback', stamp])).code).toBe(0);
    const { id } = await releaseOf(harness, 'May2026');
    await eventually('the rollback was blocked', async () => (await events(harness, id)).includes('rollback_blocked'));
    await terminate(`portal-rollback-${stamp}`);
    await letGo();
    expect((await harness.pp(['status'])).code).toBe(0);
    expect(await eventOf(harness, id, 'lock_taken_over')).toMatchObject({ purpose: `rollback to ${stamp}` });
    expect(await releaseOf(harness, 'May2026')).toMatchObject({ state: 'succeeded', is_current: true });
    expect(await liveState(harness)).toEqual(before);
    const { code, stderr } = await harness.pp(['rollback', stamp, '--wait']);
    expect([code, stderr]).toEqual([0, '']);
    expect((await releaseOf(harness, 'Apr2026')).is_current).toBe(true);
  });

  it('that is aborted: told so, live is as it was, its event is there, and the lock is free', async () => {
    expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait'])).code).toBe(0);
    const before = await liveState(harness);
    const stamp = (await backupStamps(harness)).at(-1) ?? '';
    letGo = await read(harness, 'protected_areas');
    expect((await harness.pp(['rollback', stamp])).code).toBe(0);
    const { id } = await releaseOf(harness, 'May2026');
    await eventually('the rollback waits', async () => (await events(harness, id)).at(-1) === 'rollback_blocked');
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, `aborted: the rollback to ${stamp} ended as aborted; live is as it was\n`]);
    expect(await lockIsFree(harness)).toBe(true);
    expect(await eventOf(harness, id, 'rollback_failed')).toMatchObject({ type: 'Aborted' });
    expect(await liveState(harness)).toEqual(before);
  });

  it('that is aborted after its COMMIT is told that it came too late, and is finished', async () => {
    const stamp = (await backupStamps(harness)).at(-1) ?? '';
    const { id } = await releaseOf(harness, 'May2026');
    const completed = async () => (await events(harness, id)).filter((name) => name === 'rollback_completed').length;
    const before = await completed();
    letGo = await atEvent(harness, 'rollback_completed');
    expect((await harness.pp(['rollback', stamp])).code).toBe(0);
    await eventually('the rollback was committed', async () => (await releaseOf(harness, 'Apr2026')).is_current);
    const aborting = harness.pp(['abort']);
    await eventually('the abort has arrived', async () => {
      const { events } = await harness.temporal.workflow.getHandle(`portal-rollback-${stamp}`).fetchHistory();
      return events?.some(({ activityTaskCancelRequestedEventAttributes: cancelled }) => cancelled) || undefined;
    });
    await letGo();
    const { code, stderr } = await aborting;
    expect([code, stderr]).toEqual([
      3,
      expect.stringContaining(`the rollback was committed before the abort arrived: backup ${stamp} is live`),
    ]);
    await eventually('the lock is free', () => lockIsFree(harness));
    expect(await completed()).toBe(before + 1);
    expect(await releaseOf(harness, 'May2026')).toMatchObject({ state: 'rolled_back', is_current: false });
  });
});

describe('staging that another release keeps', () => {
  it('stays when a release is aborted before it has any of its own', async () => {
    expect((await harness.pp(['start', 'Jun2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
    const staging = await stagingRelations(harness);
    letGo = await locked(harness, 'wdpa.wdpas', { on: 'portal' });
    expect((await harness.pp(['start', 'Jul2026'])).code).toBe(0);
    await eventually('the portal is waited for', () => waitsForLock(harness, 'portal'));
    expect((await harness.pp(['abort'])).code).toBe(0);
    await letGo();
    const { id } = await releaseOf(harness, 'Jul2026');
    expect(await eventOf(harness, id, 'staging_kept')).toMatchObject({ label: 'Jun2026' });
    expect(await stagingRelations(harness)).toEqual(staging);
    const { code, stderr } = await harness.pp(['start', 'Jun2026', '--start-at', 'finalise_swap', '--wait']);
    expect([code, stderr]).toEqual([0, '']);
    expect((await releaseOf(harness, 'Jun2026')).is_current).toBe(true);
  });

  it('is nobody’s once the views beside it are another release’s, so that no mixture goes live', async () => {
    expect((await harness.pp(['start', 'Aug2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
    expect((await harness.pp(['start', 'Sep2026', '--stop-after', 'preflight', '--wait'])).code).toBe(0);
    const { id } = await releaseOf(harness, 'Sep2026');
    expect(await eventOf(harness, id, 'staging_replaced')).toMatchObject({ label: 'Aug2026' });
    const before = await liveState(harness);
    const { code, stderr } = await harness.pp(['start', 'Aug2026', '--start-at', 'finalise_swap', '--wait']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no staging')]);
    expect(await liveState(harness)).toEqual(before);
  });
});

it('a release that another has followed is not built again: its backup is named', async () => {
  expect((await harness.pp(['start', 'Oct2026', '--wait'])).code).toBe(0);
  const { stamp } = await releaseOf(harness, 'Jun2026');
  const { code, stderr } = await harness.pp(['start', 'Jun2026', '--start-at', 'build_staging', '--wait']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(
      new RegExp(`\\(Jun2026\\) was live and another has followed it; .*pp-release rollback ${stamp}`),
    ),
  ]);
  expect((await releaseOf(harness, 'Jun2026')).stamp).toBe(stamp);
});
