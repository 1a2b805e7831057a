import { afterAll, beforeAll, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { atEvent, locked, read } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { resetTo } from '../support/reset.ts';
import { backupStamps, events, lockIsFree, releaseOf, waitsForLock } from '../support/state.ts';
import { waitsFor } from '../support/waiting.ts';
import { writeHistory } from './history.ts';

/** Records every shape of history anew, from real releases: `npm run histories`. */

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness({ sites: 30 });
});
afterAll(() => harness?.close());

async function pp(...args: string[]): Promise<void> {
  const { code, stderr } = await harness.pp(args, { PP_OPERATOR: 'Kim' });
  if (code !== 0) throw new Error(`pp-release ${args.join(' ')} answered ${code}: ${stderr}`);
}

async function keep(name: string, workflowId: string, state?: string): Promise<void> {
  const handle = harness.temporal.workflow.getHandle(workflowId);
  // A release that fails or is aborted is a shape to record too; how it ended is checked below.
  await handle.result().catch(() => undefined);
  await eventually('the lock is free', () => lockIsFree(harness));
  const label = workflowId.replace('portal-release-', '');
  const ended = state && (await releaseOf(harness, label)).state;
  if (ended !== state) throw new Error(`${name} ended as ${ended}, not as ${state}`);
  writeHistory(name, await handle.fetchHistory());
}

const release = (label: string) => `portal-release-${label}`;

const nothingFits = () =>
  harness.live('alter table staging_protected_areas add constraint nothing_fits check (site_id < 0)');

it('success', async () => {
  await pp('start', 'Jan2026', '--wait');
  await keep('success', release('Jan2026'), 'succeeded');
});

it('dry run, and what goes on from it', async () => {
  await pp('start', 'Feb2026', '--mode', 'dry-run', '--wait');
  await keep('dry_run', release('Feb2026'), 'validating');
  await pp('start', 'Feb2026', '--start-at', 'finalise_swap', '--wait');
  await keep('resume_at_finalise_swap', release('Feb2026'), 'succeeded');
});

it('rollback and cleanup of backups', async () => {
  await pp('rollback', (await backupStamps(harness)).at(-1) ?? '', '--wait');
  const [row] = await harness.live<{ stamp: string }>(
    `select payload_json ->> 'stamp' as stamp from release_events where payload_json ->> 'stamp' is not null order by id desc limit 1`,
  );
  await keep('rollback', `portal-rollback-${row?.stamp}`);
  await pp('backups', 'clean');
  await keep('backup_cleanup', 'portal-backup-cleanup');
});

it('a review: promoted, parked, aborted', async () => {
  await pp('start', 'Mar2026', '--mode', 'review');
  await waitsFor(harness, 'promote');
  await pp('promote', '--yes');
  await keep('review_promoted', release('Mar2026'), 'succeeded');

  await pp('start', 'Apr2026', '--mode', 'review');
  await waitsFor(harness, 'promote');
  await pp('park');
  await keep('review_parked', release('Apr2026'), 'validating');

  await pp('start', 'May2026', '--mode', 'review');
  await waitsFor(harness, 'promote');
  await pp('abort');
  await keep('abort_at_gate', release('May2026'), 'aborted');
});

it('an abort at an import, and one while the swap waits for a reader', async () => {
  const countries = await locked(harness, 'countries');
  await pp('start', 'Jun2026');
  await eventually('an importer waits', () => waitsForLock(harness));
  await pp('abort');
  await countries();
  await keep('abort_at_import', release('Jun2026'), 'aborted');

  const reader = await read(harness, 'protected_areas');
  await pp('start', 'Jul2026');
  await eventually('the swap was blocked', async () => {
    const names = await harness.live<{ id: number }>('select max(id)::int as id from releases');
    return (await events(harness, names[0]?.id ?? 0)).includes('swap_blocked');
  });
  await pp('abort');
  await reader();
  await keep('abort_at_swap', release('Jul2026'), 'aborted');
});

it('an abort at each other kind of step: a portal that is waited for, a wait for a retry, what follows COMMIT', async () => {
  const letGo = await locked(harness, 'wdpa.wdpas', { on: 'portal' });
  await pp('start', 'Oct2026');
  await eventually('the portal is waited for', () => waitsForLock(harness, 'portal'));
  await pp('abort');
  await letGo();
  await keep('abort_at_views', release('Oct2026'), 'aborted');

  await pp('start', 'Dec2026', '--stop-after', 'build_staging', '--wait');
  await nothingFits();
  await pp('start', 'Dec2026', '--start-at', 'import_core', '--on-failure', 'wait');
  await waitsFor(harness, 'retry');
  await pp('abort');
  await keep('abort_at_retry', release('Dec2026'), 'aborted');

  const goOn = await atEvent(harness, 'phase_started', 'post_swap');
  await pp('start', 'Jan2027');
  await eventually('post_swap waits', () => waitsForLock(harness));
  const handle = harness.temporal.workflow.getHandle(release('Jan2027'));
  await handle.signal('abort');
  await handle.cancel();
  await goOn();
  await keep('abort_after_commit', release('Jan2027'), 'succeeded');
});

it('a cancel of Temporal; a dry run that is asked for while the swap waits; a reset', async () => {
  const countries = await locked(harness, 'countries');
  await pp('start', 'Feb2027');
  await eventually('an importer waits', () => waitsForLock(harness));
  await harness.temporal.workflow.getHandle(release('Feb2027')).cancel();
  await eventually('it is aborted', async () => (await releaseOf(harness, 'Feb2027')).state === 'aborted');
  await countries();
  await keep('cancelled', release('Feb2027'), 'aborted');

  const reader = await read(harness, 'protected_areas');
  await pp('start', 'Mar2027');
  await eventually('the swap was blocked', async () => {
    const { id } = await releaseOf(harness, 'Mar2027');
    return (await events(harness, id)).includes('swap_blocked');
  });
  await harness.temporal.workflow.getHandle(release('Mar2027')).signal('dryRun', true);
  await keep('dry_run_at_swap', release('Mar2027'), 'validating');
  await reader();

  await pp('start', 'Apr2027', '--wait');
  const runId = await resetTo(harness, release('Apr2027'), 'createStagingMaterializedViews');
  await harness.temporal.workflow.getHandle(release('Apr2027'), runId).result();
  await keep('reset', release('Apr2027'), 'succeeded');
});

it('a release that is refused the lock, and a rollback that is aborted', async () => {
  const reader = await read(harness, 'protected_areas');
  await pp('rollback', (await backupStamps(harness)).at(-1) ?? '');
  const { id } = await releaseOf(harness, 'Apr2027');
  await eventually('the rollback was blocked', async () => (await events(harness, id)).includes('rollback_blocked'));
  const refused = await harness.pp(['start', 'May2027']);
  if (refused.code !== 3) throw new Error(`a second one was not refused: ${refused.stderr}`);
  const { workflowId } = harness.temporal.workflow.getHandle(release('May2027'));
  writeHistory('lock_held', await harness.temporal.workflow.getHandle(workflowId).fetchHistory());
  await pp('abort');
  await reader();
  await keep('rollback_aborted', `portal-rollback-${(await backupStamps(harness)).at(-1)}`);
});

it('an abort that leaves staging, which somebody locks, to a workflow of its own', async () => {
  await pp('start', 'Sep2026', '--stop-after', 'build_staging', '--wait');
  const sources = await locked(harness, 'staging_sources');
  await pp('start', 'Sep2026', '--start-at', 'import_core');
  await eventually('an importer waits', () => waitsForLock(harness));
  await pp('abort');
  await keep('abort_staging_left', release('Sep2026'), 'aborted');
  await sources();
  const { id } = await releaseOf(harness, 'Sep2026');
  const started = await eventually('the cleanup is listed', async () => {
    for await (const { workflowId } of harness.temporal.workflow.list()) {
      if (workflowId.startsWith(`portal-staging-cleanup-${id}-`)) return workflowId;
    }
    return undefined;
  });
  await keep('staging_cleanup', started);
});

it('a release that a schedule starts', async () => {
  await pp('schedule', 'create', '--id', 'monthly', '--mode', 'dry-run');
  const [start, end] = [new Date('2026-11-01T05:00:00Z'), new Date('2026-11-01T07:00:00Z')];
  await harness.temporal.schedule.getHandle('monthly').backfill({ start, end, overlap: 'SKIP' });
  const started = await eventually('the schedule has started it', async () => {
    const { info } = await harness.temporal.schedule.getHandle('monthly').describe();
    return info.recentActions[0]?.action.workflow.workflowId;
  });
  const handle = harness.temporal.workflow.getHandle(started);
  await handle.result();
  if ((await releaseOf(harness, 'Nov2026')).state !== 'validating')
    throw new Error('the scheduled dry run did not end');
  writeHistory('scheduled', await handle.fetchHistory());
});

it('a failure that fails, and one that is retried', async () => {
  await pp('start', 'Aug2026', '--stop-after', 'build_staging', '--wait');
  await keep('stopped_after_build_staging', release('Aug2026'));
  await nothingFits();
  await pp('start', 'Aug2026', '--start-at', 'import_core');
  await keep('failed', release('Aug2026'), 'failed');

  await pp('start', 'Aug2026', '--start-at', 'import_core', '--on-failure', 'wait');
  await waitsFor(harness, 'retry');
  await harness.live('alter table staging_protected_areas drop constraint nothing_fits');
  await pp('retry');
  await keep('retried', release('Aug2026'), 'succeeded');
});
