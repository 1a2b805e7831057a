import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { contents, events, releaseOf, waitsForLock } from '../support/state.ts';

let harness: ReleaseHarness;
let undisturbed: Record<string, string>;

beforeAll(async () => {
  harness = await createHarness();
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
  undisturbed = await contents(harness, 'staging_');
});
afterAll(() => harness?.close());

it('a worker killed in the middle of import_core: the next worker finishes the release with the same rows', async () => {
  const session = await harness.session('somebody');
  await session.query('begin; lock table countries in access exclusive mode');
  expect((await harness.pp(['start', 'May2026'])).code).toBe(0);
  await eventually('an importer waits', () => waitsForLock(harness));
  await harness.stopWorker('SIGKILL');
  // Its statement ends with it, though nobody cancels it.
  await eventually('the statement of the killed worker is gone', async () => !(await waitsForLock(harness)));
  await session.end();
  await harness.restartWorker();
  const { code, stdout, stderr } = await harness.pp(['watch', 'May2026']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('ended as succeeded');
  expect(await contents(harness)).toEqual(undisturbed);
  const { id, is_current } = await releaseOf(harness, 'May2026');
  expect(is_current).toBe(true);
  const finished = (await events(harness, id)).filter((name) => name === 'importer_finished');
  expect(finished).toHaveLength(5);
});
