import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { heldInImport } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { contents, events, releaseOf, waitsForLock } from '../support/state.ts';

/** client_connection_check_interval is 1 s. */
const GONE_WITHIN_MS = 3_000;

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
  const letGo = await heldInImport(harness, 'May2026');
  await harness.stopWorker('SIGKILL');
  // Its statement ends with it, though nobody cancels it.
  await eventually('the statement of the killed worker is gone', async () => !(await waitsForLock(harness)));
  await letGo();
  // Whoever asks now is told so, with what Temporal knows.
  expect((await harness.pp(['status'])).stdout).toMatch(
    /workflow portal-release-May2026 does not say how it is \(no worker answers\); Temporal knows state \w+, phase import_core/,
  );
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

it('a worker killed in a long INSERT: the statement is gone within 3 s and has committed nothing', async () => {
  expect((await harness.pp(['start', 'Jun2026', '--stop-after', 'build_staging', '--wait'])).code).toBe(0);
  await harness.live(
    `create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(600); return new; end'`,
  );
  await harness.live('create trigger slow before insert on staging_sources for each row execute function slow()');
  expect((await harness.pp(['start', 'Jun2026', '--start-at', 'import_core'])).code).toBe(0);
  const inserts = () =>
    harness.live(
      `select from pg_stat_activity where wait_event = 'PgSleep' and query ~* 'insert into' and datname = current_database()`,
    );
  await eventually('the INSERT is at work', async () => (await inserts()).length > 0);
  await harness.stopWorker('SIGKILL');
  await eventually('the INSERT is gone', async () => (await inserts()).length === 0, GONE_WITHIN_MS);
  expect(await harness.live('select from staging_sources')).toEqual([]);
  const { id } = await releaseOf(harness, 'Jun2026');
  const marks = await harness.live(`select from pp_release.import_marks where release_id = $1`, [id]);
  expect(marks).toEqual([]);
  await harness.live('drop function slow() cascade');
  await harness.restartWorker();
  expect((await harness.pp(['watch', 'Jun2026'])).code).toBe(0);
  expect(await contents(harness)).toEqual(undisturbed);
});
