import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, contents, lockIsFree, releaseOf } from '../support/state.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let harness: ReleaseHarness;
let dir: string;
const workers: TestWorker[] = [];

/** Workers of our own, so that one can be frozen while another one goes on. */
async function addWorker(): Promise<TestWorker> {
  const worker = await startWorker(mkdtempSync(join(dir, 'worker ')), { ...harness.env, PP_LOCK_TIMEOUT_MS: '120000' });
  workers.push(worker);
  return worker;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pp frozen '));
  harness = await createHarness({ worker: false });
  await addWorker();
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
});
afterAll(async () => {
  for (const worker of workers) await worker.stop('SIGKILL');
  await harness?.close();
  rmSync(dir, { recursive: true, force: true });
});

it('a worker frozen while it tries to swap holds nobody up, is replaced, and changes nothing when it thaws', async () => {
  const staged = await contents(harness, 'staging_');
  const reader = await harness.session('a slow report');
  await reader.query('begin; select count(*) from sources');
  expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap'])).code).toBe(0);
  await eventually('the swap looks for a moment', async () => {
    const { id } = await releaseOf(harness, 'May2026');
    const rows = await harness.live(`select from release_events where release_id = $1 and phase = 'swap_blocked'`, [
      id,
    ]);
    return rows.length > 0;
  });
  const [frozen] = workers;
  process.kill(frozen?.pid as number, 'SIGSTOP');
  await reader.query('commit');
  // Whoever reads now waits for nobody: a frozen client has sent no message that would hold a lock.
  expect(await harness.live('select count(*) from sources')).toHaveLength(1);
  await addWorker();
  await eventually(
    'the other worker has swapped',
    async () => (await releaseOf(harness, 'May2026')).is_current,
    90_000,
  );
  await eventually(
    'the release has ended',
    async () => (await releaseOf(harness, 'May2026')).state === 'succeeded',
    90_000,
  );
  const stamps = await backupStamps(harness);
  process.kill(frozen?.pid as number, 'SIGCONT');
  await eventually('the lock is free', () => lockIsFree(harness), 60_000);
  expect(await contents(harness)).toEqual(staged);
  expect(await backupStamps(harness)).toEqual(stamps);
  expect((await releaseOf(harness, 'May2026')).state).toBe('succeeded');
}, 240_000);
