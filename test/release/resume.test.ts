import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { events, liveState, lockIsFree, releaseOf, releases, stagingRelations } from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness({ workerEnv: { PP_LOCK_TIMEOUT_MS: '3000' } });
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

it('a failed import leaves staging, and the release goes on from there once the cause is mended', async () => {
  expect((await harness.pp(['start', 'May2026', '--stop-after', 'build_staging', '--wait'])).code).toBe(0);
  await harness.live('alter table staging_protected_areas add constraint nothing_fits check (site_id < 0)');
  const { code, stderr } = await harness.pp(['start', 'May2026', '--start-at', 'import_core', '--wait']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/violates check constraint "nothing_fits".*SQLSTATE 23514/),
  ]);
  const failed = await releaseOf(harness, 'May2026');
  expect(failed).toMatchObject({ state: 'failed', error_text: expect.stringContaining('nothing_fits') });
  expect(await stagingRelations(harness)).toContain('staging_protected_areas');
  expect(await lockIsFree(harness)).toBe(true);
  expect(await liveState(harness)).toEqual(before);

  await harness.live('alter table staging_protected_areas drop constraint nothing_fits');
  const resumed = await harness.pp(['start', 'May2026', '--start-at', 'import_core', '--mode', 'dry-run', '--wait']);
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'May2026')).toMatchObject({ id: failed.id, state: 'validating', error_text: null });
});

it('phases that are run again for a release that is live and done leave it as it is, and the command says that nothing was done', async () => {
  const { id } = await releaseOf(harness, 'Apr2026');
  for (const args of [
    ['start', 'Apr2026', '--only-phases', 'post_swap'],
    ['start', 'Apr2026', '--start-at', 'preflight', '--mode', 'dry-run'],
    ['import', 'Apr2026', '--resume'],
  ]) {
    const { code, stdout, stderr } = await harness.pp([...args, '--wait']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`release ${id} Apr2026 is live already, so nothing is staged or swapped`);
    expect(stdout).toMatch(/ended as succeeded.*; it was live already, so nothing was staged or swapped\n$/);
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ id, state: 'succeeded', is_current: true });
  }
  const asked = await harness.pp(['start', 'Apr2026', '--start-at', 'finalise_swap', '--wait', '--json']);
  expect(JSON.parse(asked.stdout)).toMatchObject({ releaseId: id, state: 'succeeded', wasLive: true });
  expect(await liveState(harness)).toEqual(before);
});

it('a reader that stays longer than the swap may wait: nothing is swapped, and the reader is named', async () => {
  const reader = await harness.session('report of Kim');
  await reader.query('begin');
  const { rows } = await reader.query<{ pid: number }>('select pg_backend_pid() as pid');
  await reader.query('select count(*) from protected_areas');
  const { code, stderr } = await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/nothing was (swapped|changed)/);
  expect(stderr).toMatch(new RegExp(`pid ${rows[0]?.pid} .*application report of Kim.*protected_areas`));
  const release = await releaseOf(harness, 'May2026');
  expect(release).toMatchObject({
    state: 'failed',
    is_current: false,
    error_text: expect.stringContaining('report of Kim'),
  });
  expect(await events(harness, release.id)).not.toContain('swap_completed');
  expect(await liveState(harness)).toEqual(before);
  expect(await lockIsFree(harness)).toBe(true);
  // The reader was not ended, and reads on.
  expect((await reader.query('select count(*)::int as n from protected_areas')).rows).toEqual([{ n: 300 }]);
  await reader.end();
});

it('once the reader has gone, the same release is swapped without being imported again', async () => {
  const { code, stderr } = await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect((await releases(harness)).map(({ label, state, is_current }) => [label, state, is_current])).toEqual([
    ['Apr2026', 'succeeded', false],
    ['May2026', 'succeeded', true],
  ]);
  const told = await events(harness, (await releaseOf(harness, 'May2026')).id);
  expect(told.filter((name) => name === 'import_core_finished')).toHaveLength(1);
});

it('a dry run that finds no staging of its own claims no validation', async () => {
  expect((await harness.pp(['start', 'Jun2026', '--stop-after', 'preflight', '--wait'])).code).toBe(0);
  const { code } = await harness.pp(['start', 'Jun2026', '--start-at', 'finalise_swap', '--mode', 'dry-run', '--wait']);
  expect([code, (await releaseOf(harness, 'Jun2026')).state]).toEqual([0, 'preflight_ok']);
});
