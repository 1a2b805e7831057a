import { DefaultLogger, type ReplayWorkerOptions, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { decodedHistory, readHistory, recordedNames, textOf } from './history.ts';

/** Shapes that must be there; a new one comes with a line in record.ts. */
const SHAPES = [
  'abort_after_commit',
  'abort_at_gate',
  'abort_at_import',
  'abort_at_retry',
  'abort_at_swap',
  'abort_at_views',
  'abort_staging_left',
  'backup_cleanup',
  'cancelled',
  'dry_run',
  'dry_run_at_swap',
  'failed',
  'lock_held',
  'reset',
  'resume_at_finalise_swap',
  'retried',
  'review_parked',
  'review_promoted',
  'rollback',
  'rollback_aborted',
  'scheduled',
  'staging_cleanup',
  'stopped_after_build_staging',
  'success',
];

let code: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  code = await bundleWorkflows();
});

const replay = (name: string, bundle: string) => {
  const options: ReplayWorkerOptions = { workflowBundle: { code: bundle } };
  return Worker.runReplayHistory(options, decodedHistory(name));
};

it('every shape is recorded', () => {
  expect(recordedNames()).toEqual(SHAPES);
});

describe.each(SHAPES)('%s', (name) => {
  it("replays with today's workflows", () => replay(name, code));

  it('tells nothing of the machine that recorded it', () => {
    const text = textOf(readHistory(name));
    // pid@host is how the SDK names a process, and its queue.
    expect(text).not.toMatch(/\d+@|:\/\/|password/i);
    expect(text).not.toMatch(/(^|[\s"'(=])\/(home|root|tmp|var|usr|opt|work|workspace|Users|private)\//m);
  });
});

it('nothing of the catalog is in the bundle: which importers run is in history, so that a changed catalog breaks no replay', () => {
  expect(code).not.toMatch(/protected_areas|green_list|catalog\/\w+\.ts/);
});

/** What a history has asked for last: a replay that comes to its end has asked for it, too. */
function lastActivity(name: string): string {
  const found = readHistory(name).events.flatMap((event) => {
    const asked = event.activityTaskScheduledEventAttributes as { activityType?: { name?: string } } | undefined;
    return asked?.activityType?.name ?? [];
  });
  return found.at(-1) ?? '';
}

it.each(SHAPES)('%s is replayed to its end: it fails once its last activity is called otherwise', async (name) => {
  const activity = lastActivity(name);
  expect(code).toMatch(new RegExp(`\\b${activity}\\b`));
  const renamed = code.replace(new RegExp(`\\b${activity}\\b`, 'g'), `${activity}Anew`);
  await expect(replay(name, renamed)).rejects.toThrow(DeterminismViolationError);
});

it.each(['createStagingMaterializedViews', 'buildStaging', 'runImporter', 'attemptSwap', 'releaseLock'])(
  'a release under way does not replay once activity %s is called otherwise',
  async (activity) => {
    expect(code).toContain(activity);
    const renamed = code.replaceAll(activity, `${activity}Anew`);
    await expect(replay('success', renamed)).rejects.toThrow(DeterminismViolationError);
  },
);
