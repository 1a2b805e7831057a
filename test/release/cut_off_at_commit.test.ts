import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { atEvent, type LetGo } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { resetTo } from '../support/reset.ts';
import { backupStamps, contents, digests, events, lockIsFree, releaseOf } from '../support/state.ts';

/** A worker that dies between COMMIT and its answer, and an abort that comes before anybody knows. */

let harness: ReleaseHarness;
let letGo: LetGo = async () => undefined;
let first: Record<string, string>;

/** Heartbeats of a killed worker's step run out after 15 s. */
const MISSED_WITHIN_MS = 60_000;

beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  first = await digests(harness);
  await harness.seed(1);
});
afterEach(() => letGo());
afterAll(() => harness?.close());

async function killWorkerAndAbort(workflowId: string): Promise<void> {
  await harness.stopWorker('SIGKILL');
  await harness.temporal.workflow.getHandle(workflowId).signal('abort');
  await letGo();
  await harness.restartWorker();
}

it('of a swap: the release is live, says so, and is finished', async () => {
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
  const staged = await contents(harness, 'staging_');
  letGo = await atEvent(harness, 'swap_completed');
  expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap'])).code).toBe(0);
  await eventually('the swap was committed', async () => (await releaseOf(harness, 'May2026')).is_current);
  await killWorkerAndAbort('portal-release-May2026');
  expect(await harness.temporal.workflow.getHandle('portal-release-May2026').result()).toMatchObject({
    state: 'succeeded',
  });
  expect(await contents(harness)).toEqual(staged);
  const release = await releaseOf(harness, 'May2026');
  expect(release).toMatchObject({ state: 'succeeded', is_current: true });
  expect((await events(harness, release.id)).filter((name) => /^(aborted|swap_completed)$/.test(name))).toEqual([
    'swap_completed',
  ]);
  await eventually('the lock is free', () => lockIsFree(harness));
}, 240_000);

it('of a release that is live, reset to before its swap: an abort changes nothing, and is told so', async () => {
  const workflowId = 'portal-release-May2026';
  const live = await digests(harness);
  await harness.stopWorker();
  const runId = await resetTo(harness, workflowId, 'prepareSwap');
  await harness.temporal.workflow.getHandle(workflowId, runId).signal('abort');
  await harness.restartWorker();
  const failure = await harness.temporal.workflow
    .getHandle(workflowId, runId)
    .result()
    .catch((error: unknown) => error);
  expect(String((failure as { cause?: unknown }).cause)).toContain(
    'release May2026 is live, so nothing was aborted; roll it back if it is wrong',
  );
  const release = await releaseOf(harness, 'May2026');
  expect(release).toMatchObject({ state: 'succeeded', is_current: true });
  expect(await events(harness, release.id)).toContain('abort_refused');
  expect(await digests(harness)).toEqual(live);
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('of a rollback: the backup is live, the workflow says done, and it is finished', async () => {
  const [stamp = ''] = (await backupStamps(harness)).slice(-1);
  letGo = await atEvent(harness, 'rollback_completed');
  expect((await harness.pp(['rollback', stamp])).code).toBe(0);
  await eventually('the rollback was committed', async () => (await releaseOf(harness, 'Apr2026')).is_current);
  await killWorkerAndAbort(`portal-rollback-${stamp}`);
  expect(await harness.temporal.workflow.getHandle(`portal-rollback-${stamp}`).result()).toMatchObject({ stamp });
  expect(await digests(harness)).toEqual(first);
  const { id } = await releaseOf(harness, 'May2026');
  expect(await events(harness, id)).toContain('rollback_completed');
  await eventually('the lock is free', () => lockIsFree(harness), MISSED_WITHIN_MS);
}, 240_000);
