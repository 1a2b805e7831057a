import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ReleaseResult } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { read } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { resetTo } from '../support/reset.ts';
import { backupStamps, contents, events, lockIsFree, releaseOf } from '../support/state.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** Heartbeats of what the frozen worker was doing, and of what its polls got besides, run out after 15 s each. */
const TAKEN_OVER_WITHIN_MS = 150_000;

let harness: ReleaseHarness;
let dir: string;
let staged: Record<string, string>;
let frozen: TestWorker;
let other: TestWorker | undefined;

/** Workers of our own, so that one can be frozen while another one goes on. */
const addWorker = () =>
  startWorker(mkdtempSync(join(dir, 'worker ')), { ...harness.env, PP_LOCK_TIMEOUT_MS: '120000' });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pp frozen '));
  harness = await createHarness({ worker: false });
});
beforeEach(async () => {
  frozen = await addWorker();
});
afterEach(async () => {
  await frozen?.stop('SIGKILL');
  await other?.stop('SIGKILL');
  other = undefined;
});
afterAll(async () => {
  await harness?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Stages a month and starts its swap with a reader in the way; once it looks for a moment, its worker is frozen. */
async function freezeInSwap(label: string, month: number): Promise<void> {
  await harness.seed(month);
  expect((await harness.pp(['start', label, '--mode', 'dry-run', '--wait'])).code).toBe(0);
  staged = await contents(harness, 'staging_');
  const letGo = await read(harness, 'sources');
  expect((await harness.pp(['start', label, '--start-at', 'finalise_swap'])).code).toBe(0);
  const { id } = await releaseOf(harness, label);
  await eventually('the swap looks for a moment', async () => (await events(harness, id)).includes('swap_blocked'));
  process.kill(frozen.pid, 'SIGSTOP');
  await letGo();
  // Whoever reads now waits for nobody: a frozen client has sent no message that would hold a lock.
  expect(await harness.live('select count(*) from sources')).toHaveLength(1);
  other = await addWorker();
}

async function ends(label: string): Promise<void> {
  await eventually(
    'the other worker has swapped and ended the release, and the lock is free',
    async () => (await releaseOf(harness, label)).state === 'succeeded' && (await lockIsFree(harness)),
    TAKEN_OVER_WITHIN_MS,
  );
}

/** Thaws the worker, and stops it once it has heard that its work was another's: all is as it was before. */
async function thawChangesNothing(label: string): Promise<void> {
  const { id } = await releaseOf(harness, label);
  const all = async () => ({
    live: await contents(harness),
    stamps: await backupStamps(harness),
    release: await releaseOf(harness, label),
    told: await events(harness, id),
    isFree: await lockIsFree(harness),
  });
  const before = await all();
  expect(before).toMatchObject({ live: staged, isFree: true, release: { state: 'succeeded', is_current: true } });
  process.kill(frozen.pid, 'SIGCONT');
  await frozen.stop();
  expect(await all()).toEqual(before);
}

it('frozen while it tries to swap, replaced, and its finished swap reset: thawed it changes nothing', async () => {
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await freezeInSwap('May2026', 1);
  await ends('May2026');
  const workflowId = 'portal-release-May2026';
  const stamps = await backupStamps(harness);
  const runId = await resetTo(harness, workflowId, 'prepareSwap');
  const result = (await harness.temporal.workflow.getHandle(workflowId, runId).result()) as ReleaseResult;
  expect(result.state).toBe('succeeded');
  expect(await backupStamps(harness)).toEqual(stamps);
  await ends('May2026');
  await thawChangesNothing('May2026');
}, 300_000);

it('frozen while it tries to swap, and reset meanwhile: the new run swaps, and thawed it changes nothing', async () => {
  await freezeInSwap('Jun2026', 2);
  await resetTo(harness, 'portal-release-Jun2026', 'prepareSwap');
  await ends('Jun2026');
  await thawChangesNothing('Jun2026');
}, 300_000);
