import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { heldInImport } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { resetTo } from '../support/reset.ts';
import { contents, events, lockIsFree, releaseOf, stagingRelations } from '../support/state.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** The heartbeat time limit of an importer, that of steps which the frozen worker's polls get besides, and the rest of the release. */
const TAKEN_OVER_WITHIN_MS = 150_000;

let harness: ReleaseHarness;
let dir: string;
let undisturbed: Record<string, string>;
let frozen: TestWorker;
let other: TestWorker;

const addWorker = () => startWorker(mkdtempSync(join(dir, 'worker ')), harness.env);

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
});
afterAll(async () => {
  await harness?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A release whose importer waits for a lock of somebody else's; then its worker is frozen, and the lock is given up. */
async function freezeInImport(label: string): Promise<number> {
  const letGo = await heldInImport(harness, label);
  process.kill(frozen.pid, 'SIGSTOP');
  other = await addWorker();
  // The statement goes on, and its transaction stays open: nobody says COMMIT.
  await letGo();
  return (await releaseOf(harness, label)).id;
}

async function sessionsOf(label: string): Promise<string[]> {
  const { id } = await releaseOf(harness, label);
  const rows = await harness.live<{ application_name: string }>(
    'select application_name from pg_stat_activity where application_name like $1 and datname = current_database()',
    [`pp ${id} importer%`],
  );
  return rows.map(({ application_name }) => application_name);
}

/** Waits until the other worker has ended the release so and given the lock back. */
async function endsAs(label: string, state: string): Promise<void> {
  await eventually(
    `release ${label} is ${state} and the lock is free`,
    async () => (await releaseOf(harness, label)).state === state && (await lockIsFree(harness)),
    TAKEN_OVER_WITHIN_MS,
  );
  await eventually('nothing is left of staging', async () => (await stagingRelations(harness)).length === 0);
}

/** Thaws the worker, and stops it once it has heard that its work was another's: all is as it was before. */
async function thawChangesNothing(releaseId: number): Promise<void> {
  const all = async () => ({
    live: await contents(harness),
    staging: await stagingRelations(harness),
    told: await events(harness, releaseId),
    isFree: await lockIsFree(harness),
  });
  const before = await all();
  process.kill(frozen.pid, 'SIGCONT');
  await frozen.stop();
  expect(await all()).toEqual(before);
}

it('frozen in the import for longer than the heartbeat limit: another attempt takes over, and thawed it changes nothing', async () => {
  expect((await startUndisturbed()).code).toBe(0);
  const id = await freezeInImport('May2026');
  expect((await sessionsOf('May2026')).length).toBeGreaterThan(0);
  await endsAs('May2026', 'succeeded');
  expect(await contents(harness)).toEqual(undisturbed);
  expect((await events(harness, id)).filter((name) => name === 'importer_finished')).toHaveLength(5);
  await thawChangesNothing(id);
}, 300_000);

it('frozen in the import, and its workflow reset: the new run takes over, and thawed it changes nothing', async () => {
  const id = await freezeInImport('Jun2026');
  await resetTo(harness, 'portal-release-Jun2026', 'buildStaging');
  await endsAs('Jun2026', 'succeeded');
  expect(await contents(harness)).toEqual(undisturbed);
  await thawChangesNothing(id);
}, 300_000);

it('frozen in the import, and the release is aborted: the lock is free, and thawed it changes nothing', async () => {
  const live = await contents(harness);
  const id = await freezeInImport('Jul2026');
  await harness.temporal.workflow.getHandle('portal-release-Jul2026').signal('abort');
  await endsAs('Jul2026', 'aborted');
  expect(await contents(harness)).toEqual(live);
  await thawChangesNothing(id);
}, 300_000);

/** A release, and a dry run of the next one, which says what it should become. */
async function startUndisturbed() {
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
  const outcome = await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait']);
  undisturbed = await contents(harness, 'staging_');
  return outcome;
}
