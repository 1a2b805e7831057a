import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { heldInImport } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, contents, lockIsFree, releaseOf, waitsForLock } from '../support/state.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** Far below the 15 s after which Temporal misses the heartbeats of a worker that said nothing. */
const HAND_OVER_LIMIT_MS = 8_000;

let harness: ReleaseHarness;
let dir: string;
let undisturbed: Record<string, string>;
const workers: TestWorker[] = [];

async function addWorker(): Promise<void> {
  workers.push(await startWorker(mkdtempSync(join(dir, 'worker ')), { ...harness.env, PP_LOCK_TIMEOUT_MS: '120000' }));
}

const handle = (label: string) => harness.temporal.workflow.getHandle(`portal-release-${label}`);

/** The worker that an activity of the release runs on now. */
function workerOf(label: string, activity: string): Promise<TestWorker> {
  return eventually(`${activity} runs`, async () => {
    const { raw } = await handle(label).describe();
    const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === activity);
    const pid = Number.parseInt(pending?.lastWorkerIdentity ?? '', 10);
    return workers.find((worker) => worker.pid === pid);
  });
}

/** Attempts of an activity that began because the worker before was shutting down: when, and on which process. */
async function handedOver(label: string, activity: string) {
  const { events: history } = await handle(label).fetchHistory();
  const scheduled = new Set(
    history
      ?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity)
      .map(({ eventId }) => String(eventId)),
  );
  return (history ?? []).flatMap(({ activityTaskStartedEventAttributes: started, eventTime }) => {
    if (!scheduled.has(String(started?.scheduledEventId))) return [];
    const reason = started?.lastFailure?.applicationFailureInfo?.type;
    const at = Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6;
    return reason ? [{ at, reason, pid: Number.parseInt(started?.identity ?? '', 10) }] : [];
  });
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pp drain '));
  harness = await createHarness({ worker: false });
  await Promise.all([addWorker(), addWorker()]);
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
  undisturbed = await contents(harness, 'staging_');
});
afterAll(async () => {
  for (const worker of workers) await worker.stop('SIGKILL');
  await harness?.close();
  rmSync(dir, { recursive: true, force: true });
});

it('SIGTERM in the middle of an importer: the other worker has it at once, and finishes the release', async () => {
  const letGo = await heldInImport(harness, 'May2026', '--stop-after', 'validate_and_manifest');
  const first = await workerOf('May2026', 'runImporter');
  const signalledAt = Date.now();
  await first.stop('SIGTERM');
  expect(Date.now() - signalledAt).toBeLessThan(HAND_OVER_LIMIT_MS);
  await eventually('the other worker waits in its place', () => waitsForLock(harness), HAND_OVER_LIMIT_MS);
  await letGo();
  const { code, stdout } = await harness.pp(['watch', 'May2026']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('validate_and_manifest')]);
  const other = workers.find((worker) => worker !== first);
  const attempts = await handedOver('May2026', 'runImporter');
  expect(attempts.length).toBeGreaterThan(0);
  for (const { at, reason, pid } of attempts) {
    expect([reason, pid]).toEqual(['WorkerShutdown', other?.pid]);
    expect(at - signalledAt).toBeLessThan(HAND_OVER_LIMIT_MS);
  }
  expect(await contents(harness, 'staging_')).toEqual(undisturbed);
});

it('SIGTERM while the swap looks for a gap: the other worker swaps, once', async () => {
  await addWorker();
  const reader = await harness.session('a slow report');
  await reader.query('begin; select count(*) from sources');
  expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap'])).code).toBe(0);
  const first = await workerOf('May2026', 'attemptSwap');
  const stamps = await backupStamps(harness);
  const signalledAt = Date.now();
  await first.stop('SIGTERM');
  expect(Date.now() - signalledAt).toBeLessThan(HAND_OVER_LIMIT_MS);
  await eventually(
    'another worker looks',
    async () => (await workerOf('May2026', 'attemptSwap')).pid !== first.pid,
    HAND_OVER_LIMIT_MS,
  );
  await reader.query('commit');
  const { code, stdout } = await harness.pp(['watch', 'May2026']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('ended as succeeded')]);
  // The round that was on its way when the worker was told to stop was not cut: it might have been at its COMMIT.
  expect(await handedOver('May2026', 'attemptSwap')).toEqual([]);
  expect((await releaseOf(harness, 'May2026')).is_current).toBe(true);
  expect((await backupStamps(harness)).filter((stamp) => !stamps.includes(stamp))).toHaveLength(1);
  expect(await contents(harness)).toEqual(undisturbed);
  expect(await lockIsFree(harness)).toBe(true);
});
