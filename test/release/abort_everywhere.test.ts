import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { atEvent, type LetGo, locked, read } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import {
  backupStamps,
  events,
  liveState,
  lockIsFree,
  releaseOf,
  releases,
  stagingRelations,
  waitsForLock,
} from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

/** What lets the phase go that waits; also after a test that failed, so that the next one can run. */
let letGo: LetGo = async () => undefined;

/** Makes a phase wait for somebody's session. */
type Hold = () => Promise<LetGo>;

const oldestBackup = async () => `bk${(await backupStamps(harness))[0]}_sources`;

const isBlocked = async (label: string) => {
  const release = (await releases(harness)).find((row) => row.label === label);
  return release !== undefined && (await events(harness, release.id)).includes('swap_blocked');
};

beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
  for (const label of ['Jan2025', 'Feb2025']) {
    expect((await harness.pp(['start', label, '--wait'])).code).toBe(0);
  }
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterEach(async () => {
  await letGo();
  if (!(await lockIsFree(harness))) await harness.pp(['abort']);
});
afterAll(() => harness?.close());

describe('before COMMIT an abort leaves live as it was, no staging, and a free lock', () => {
  const cases: [Phase, Hold, ((label: string) => Promise<boolean>)?][] = [
    [
      'create_staging_materialized_views',
      () => locked(harness, 'wdpa.wdpas', { on: 'portal' }),
      () => waitsForLock(harness, 'portal'),
    ],
    ['preflight', () => atEvent(harness, 'preflight_ok', 'preflight')],
    ['build_staging', () => locked(harness, 'pp_release.filled')],
    ['import_core', () => locked(harness, 'pp_release.rejects')],
    ['import_related', () => atEvent(harness, 'importer_started', 'import_related')],
    ['validate_and_manifest', () => locked(harness, 'pp_release.manifests')],
    ['finalise_swap', () => read(harness, 'protected_areas'), isBlocked],
  ];

  it.each(cases)('%s', async (phase, hold, isHeld = () => waitsForLock(harness)) => {
    const label = labelOf(cases.findIndex(([name]) => name === phase));
    letGo = await hold();
    expect((await harness.pp(['start', label])).code).toBe(0);
    await eventually(`${phase} waits for somebody`, () => isHeld(label));
    const handle = harness.temporal.workflow.getHandle(`portal-release-${label}`);
    expect(await handle.query<{ phase: Phase }>('status')).toMatchObject({ phase });
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted: the release ended as aborted/)]);
    const { id, ...release } = await releaseOf(harness, label);
    expect(release).toMatchObject({ state: 'aborted', is_current: false });
    await eventually('the lock is free', () => lockIsFree(harness));
    const told = await events(harness, id);
    expect(told).toEqual(expect.arrayContaining(['aborted', 'staging_dropped', 'lock_released']));
    await letGo();
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await liveState(harness)).toEqual(before);
  });

  it('acquire_lock: there is no release yet, and nothing to show for it but the refusal', async () => {
    letGo = await locked(harness, 'releases', { mode: 'share' });
    const starting = harness.pp(['start', 'Dec2025', '--wait']);
    await eventually('acquire_lock waits for somebody', () => waitsForLock(harness));
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted/)]);
    await eventually('the lock is free', () => lockIsFree(harness));
    await letGo();
    const started = await starting;
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('Dec2025')]);
    expect((await releases(harness)).map(({ label }) => label)).not.toContain('Dec2025');
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await liveState(harness)).toEqual(before);
  });
});

describe('from COMMIT on the release goes on, and the abort is told so', () => {
  const cases: [Phase, Hold][] = [
    [
      'create_portal_downloads_view',
      () => atEvent(harness, 'portal_downloads_view_created', 'create_portal_downloads_view'),
    ],
    ['post_swap', () => atEvent(harness, 'phase_started', 'post_swap')],
    ['cleanup_and_retention', async () => read(harness, await oldestBackup())],
    ['release_lock', () => atEvent(harness, 'lock_released', 'release_lock')],
    ['reset_checkpoints', () => atEvent(harness, 'checkpoints_reset', 'reset_checkpoints')],
  ];

  it.each(cases)('%s', async (phase, hold) => {
    const label = labelOf(8 + cases.findIndex(([name]) => name === phase));
    letGo = await hold();
    expect((await harness.pp(['start', label])).code).toBe(0);
    await eventually(`${phase} waits for somebody`, () => waitsForLock(harness));
    const { code, stderr } = await harness.pp(['abort']);
    // reset_checkpoints comes after the lock is given back: the release is over for everybody else.
    const answer = phase === 'reset_checkpoints' ? /nothing is running/ : /not aborted: the swap was committed before/;
    expect([code, stderr]).toEqual([3, expect.stringMatching(answer)]);
    const handle = harness.temporal.workflow.getHandle(`portal-release-${label}`);
    // Neither does the message itself, or Temporal's own cancel, stop it.
    await handle.signal('abort');
    await handle.cancel();
    // The keeper of the lock least of all: what goes on needs it.
    if (phase !== 'reset_checkpoints') expect(await cancelledWith(handle)).toEqual([]);
    await letGo();
    expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    const release = await releaseOf(harness, label);
    expect(release).toMatchObject({ state: 'succeeded', is_current: true });
    expect(await events(harness, release.id)).toContain('checkpoints_reset');
    expect(await lockIsFree(harness)).toBe(true);
    expect(await stagingRelations(harness)).toEqual([]);
  });
});

/** Activities that were asked to end in the workflow task that heard of Temporal's cancel. */
async function cancelledWith(handle: WorkflowHandle): Promise<string[]> {
  return eventually('the workflow has heard of the cancel', async () => {
    const events = (await handle.fetchHistory()).events ?? [];
    const asked = events.findIndex(({ workflowExecutionCancelRequestedEventAttributes: request }) => request);
    const heard = events.findIndex(
      (event, at) => asked >= 0 && at > asked && event.workflowTaskCompletedEventAttributes,
    );
    if (heard < 0) return undefined;
    return events.slice(heard).flatMap(({ activityTaskCancelRequestedEventAttributes: cancelled }) => {
      const scheduled = events.find(({ eventId }) => String(eventId) === String(cancelled?.scheduledEventId));
      return cancelled ? [scheduled?.activityTaskScheduledEventAttributes?.activityType?.name ?? ''] : [];
    });
  });
}

it('a new release then succeeds', async () => {
  const { code, stderr } = await harness.pp(['start', 'Jan2027', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'Jan2027')).toMatchObject({ state: 'succeeded', is_current: true });
});

/** A month of 2026 or later for each case. */
function labelOf(n: number): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${months[n % 12]}${2026 + 2 * Math.floor(n / 12)}`;
}
