import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import {
  digests,
  events,
  liveState,
  lockIsFree,
  phasesOf,
  releaseOf,
  releases,
  stagingRelations,
} from '../support/state.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness?.close());

const LOCK = ['acquire_lock', 'release_lock'];

/** Runs a release to its end. @returns the phases that this run started, without those of the lock */
async function release(label: string, ...args: string[]): Promise<string[]> {
  const before = (await releases(harness)).findLast((row) => row.label === label);
  const known = before ? (await phasesOf(harness, before.id)).length : 0;
  const { code, stderr } = await harness.pp(['start', label, ...args, '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect(await lockIsFree(harness)).toBe(true);
  const started = (await phasesOf(harness, (await releaseOf(harness, label)).id)).slice(known);
  expect(started.filter((phase) => LOCK.includes(phase))).toEqual(LOCK);
  return started.filter((phase) => !LOCK.includes(phase));
}

describe('a release in parts, with one label', () => {
  it('stops after the phase that it is told to stop after, with nothing built', async () => {
    const before = await liveState(harness);
    expect(await release('Apr2026', '--stop-after', 'preflight')).toEqual([
      'create_staging_materialized_views',
      'preflight',
    ]);
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'preflight_ok', is_current: false });
    expect(await stagingRelations(harness)).not.toContain('staging_protected_areas');
    expect(await liveState(harness)).toEqual(before);
  });

  it('goes on from the phase that it is told to start at, with the same row', async () => {
    expect(await release('Apr2026', '--start-at', 'build_staging', '--stop-after', 'import_core')).toEqual([
      'build_staging',
      'import_core',
    ]);
    expect((await releases(harness)).map(({ label, state }) => [label, state])).toEqual([['Apr2026', 'importing']]);
  });

  it('runs only the phases that it is told, and never without the lock', async () => {
    const only = 'import_related,validate_and_manifest';
    expect(await release('Apr2026', '--only-phases', only)).toEqual(only.split(','));
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'validating', is_current: false });
  });

  it('swaps when it is told to, and finishes what is left after that', async () => {
    expect(await release('Apr2026', '--start-at', 'finalise_swap', '--stop-after', 'finalise_swap')).toEqual([
      'finalise_swap',
    ]);
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'swapped', is_current: true });
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await release('Apr2026', '--start-at', 'create_portal_downloads_view')).toEqual([
      'create_portal_downloads_view',
      'post_swap',
      'cleanup_and_retention',
      'reset_checkpoints',
    ]);
    expect(await releases(harness)).toMatchObject([{ state: 'succeeded', is_current: true }]);
  });
});

describe('a dry run', () => {
  let before: Awaited<ReturnType<typeof liveState>>;

  it('imports, validates and writes the manifest, and changes nothing that is live', async () => {
    before = await liveState(harness);
    await harness.seed(1);
    await release('May2026', '--mode', 'dry-run');
    expect(await liveState(harness)).toEqual(before);
    const row = await releaseOf(harness, 'May2026');
    expect(row).toMatchObject({ state: 'validating', is_current: false, error_text: null });
    expect(await events(harness, row.id)).toContain('dry_run_stopped_after_validate_and_manifest');
    expect(await events(harness, row.id)).not.toContain('swap_completed');
  });

  it('goes live with exactly the rows that it showed, when started at the swap with its label', async () => {
    const shown = await digests(harness, 'staging_');
    await release('May2026', '--start-at', 'finalise_swap');
    expect(await digests(harness)).toEqual(shown);
    expect((await liveState(harness)).rows).not.toEqual(before.rows);
    expect((await releases(harness)).map(({ label, state, is_current }) => [label, state, is_current])).toEqual([
      ['Apr2026', 'succeeded', false],
      ['May2026', 'succeeded', true],
    ]);
  });
});

it('a label that no release has cannot be resumed: exit code 1, why and what to do, no row', async () => {
  const { code, stderr } = await harness.pp(['start', 'Jun2026', '--start-at', 'finalise_swap']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/no release is called Jun2026.*nothing to go on with.*start it without/s);
  expect((await releases(harness)).map(({ label }) => label)).not.toContain('Jun2026');
  await eventually('the lock is free', () => lockIsFree(harness));
});
