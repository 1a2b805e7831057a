import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ReleaseResult } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { locked } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { resetTo } from '../support/reset.ts';
import { backupStamps, contents, liveState, lockIsFree, releaseOf, releases, waitsForLock } from '../support/state.ts';

let harness: ReleaseHarness;

const WORKFLOW = 'portal-release-May2026';
const endOf = (runId: string) =>
  harness.temporal.workflow.getHandle(WORKFLOW, runId).result() as Promise<ReleaseResult>;

/** application_name of each importer's session that waits for somebody's lock; its attempt is part of it. */
async function waitingImporters(): Promise<string[] | undefined> {
  const rows = await harness.live<{ name: string }>(
    `select application_name as name from pg_stat_activity
     where application_name ~ '^pp [0-9]+ importer' and wait_event_type = 'Lock' and datname = current_database()`,
  );
  return rows.length > 0 ? rows.map(({ name }) => name) : undefined;
}

/** The run's phases as its status tells them: `name: progress (why it was skipped)`. */
async function phases(runId: string): Promise<string[]> {
  const { phases } = await harness.temporal.workflow
    .getHandle(WORKFLOW, runId)
    .query<{ phases: { name: string; progress: string; result?: { skipped?: string; outcome?: string } }[] }>('status');
  return phases.map(({ name, progress, result }) => {
    const why = result?.skipped ?? result?.outcome;
    return `${name}: ${progress}${why ? ` (${why})` : ''}`;
  });
}

beforeAll(async () => {
  harness = await createHarness();
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
});
afterAll(() => harness?.close());

it('while an attempt is at work in the import: the new run ends it, and the release is what it would have been', async () => {
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
  const undisturbed = await contents(harness, 'staging_');
  const somebody = await harness.session('somebody');
  await somebody.query('begin; lock table countries in access exclusive mode');
  expect((await harness.pp(['start', 'May2026'])).code).toBe(0);
  const old = await eventually('an importer waits', waitingImporters);
  const { id } = await releaseOf(harness, 'May2026');
  const runId = await resetTo(harness, WORKFLOW, 'buildStaging');
  await eventually("the new run's importer waits, and no older one", async () => {
    const names = await waitingImporters();
    return names && !names.some((name) => old.includes(name));
  });
  await somebody.end();
  expect(await endOf(runId)).toMatchObject({ releaseId: id, state: 'succeeded' });
  expect(await contents(harness)).toEqual(undisturbed);
  expect(await releaseOf(harness, 'May2026')).toMatchObject({ id, is_current: true, state: 'succeeded' });
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('to before its finished swap: what is live stays as it is, and every phase up to the swap says so', async () => {
  const before = await liveState(harness);
  const stamps = await backupStamps(harness);
  const runId = await resetTo(harness, WORKFLOW, 'createStagingMaterializedViews');
  expect(await endOf(runId)).toMatchObject({ state: 'succeeded' });
  expect(await phases(runId)).toEqual([
    'acquire_lock: done',
    'create_staging_materialized_views: done (already swapped)',
    'preflight: done (already swapped)',
    'build_staging: done (already swapped)',
    'import_core: done (already swapped)',
    'import_related: done (already swapped)',
    'validate_and_manifest: done (already swapped)',
    'finalise_swap: done (already swapped)',
    'create_portal_downloads_view: done',
    'post_swap: done',
    'cleanup_and_retention: done',
    'release_lock: done',
    'reset_checkpoints: done',
  ]);
  expect(await liveState(harness)).toEqual(before);
  expect(await backupStamps(harness)).toEqual(stamps);
  expect((await releaseOf(harness, 'May2026')).state).toBe('succeeded');
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('to its very start, after it has ended: it finds its row, and makes no second release', async () => {
  const before = await liveState(harness);
  const known = await releases(harness);
  const runId = await resetTo(harness, WORKFLOW, 'acquireLock');
  expect(await endOf(runId)).toMatchObject({ state: 'succeeded' });
  expect(await liveState(harness)).toEqual(before);
  expect(await releases(harness)).toEqual(known);
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('of a workflow that had ended, while another release holds the lock: refused with its name, and nothing changes', async () => {
  const letGo = await locked(harness, 'wdpa.wdpas', { on: 'portal' });
  expect((await harness.pp(['start', 'Jul2026'])).code).toBe(0);
  await eventually('the other release waits for the portal', () => waitsForLock(harness, 'portal'));
  const known = await releaseOf(harness, 'May2026');
  const runId = await resetTo(harness, WORKFLOW, 'createStagingMaterializedViews');
  const failure = await endOf(runId).catch((error: unknown) => error);
  expect(String((failure as WorkflowFailedError).cause?.cause)).toContain(
    'the release lock is held by release Jul2026, workflow portal-release-Jul2026',
  );
  expect(await releaseOf(harness, 'May2026')).toEqual(known);
  expect((await harness.pp(['abort'])).code).toBe(0);
  await letGo();
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('of a release that was superseded since: it fails, changes nothing, and gives the lock back', async () => {
  await harness.seed(2);
  expect((await harness.pp(['start', 'Jun2026', '--wait'])).code).toBe(0);
  const before = await liveState(harness);
  const known = await releases(harness);
  const runId = await resetTo(harness, WORKFLOW, 'createStagingMaterializedViews');
  const failure = await endOf(runId).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  expect(String((failure as WorkflowFailedError).cause?.cause)).toContain(
    '(May2026) was live and was rolled back or superseded since; this attempt changes nothing',
  );
  expect(await liveState(harness)).toEqual(before);
  expect(await releases(harness)).toEqual(known);
  expect(await lockIsFree(harness)).toBe(true);
});
