import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type LetGo, read } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { contents, events, liveState, lockIsFree, releaseOf, stagingRelations } from '../support/state.ts';
import { eventOf, statusOf } from '../support/waiting.ts';

/** What may happen while the swap looks for its moment. */

let harness: ReleaseHarness;
let letGo: LetGo = async () => undefined;

const handle = () => harness.temporal.workflow.getHandle('portal-release-May2026');
const start = () => harness.pp(['start', 'May2026', '--start-at', 'finalise_swap']);

async function blockedRounds(): Promise<number> {
  return (await events(harness, (await releaseOf(harness, 'May2026')).id)).filter((name) => name === 'swap_blocked')
    .length;
}

/** Starts the swap with a reader in its way, and answers once it has found that out. */
async function waits(): Promise<void> {
  letGo = await read(harness, 'protected_areas');
  const before = await blockedRounds();
  expect((await start()).code).toBe(0);
  await eventually('a round has been blocked', async () => (await blockedRounds()) > before);
}

beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
  await harness.seed(1);
});
beforeEach(async () => {
  expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
});
afterEach(async () => {
  await letGo();
  if (!(await lockIsFree(harness))) await harness.pp(['abort']);
});
afterAll(() => harness?.close());

it('a dry run that is asked for then is one: nothing goes live, and staging stays for later', async () => {
  const before = await liveState(harness);
  const staging = await stagingRelations(harness);
  await waits();
  await handle().signal('dryRun', true);
  expect(await handle().result()).toMatchObject({ state: 'validating' });
  await letGo();
  expect(await liveState(harness)).toEqual(before);
  expect(await stagingRelations(harness)).toEqual(staging);
  const { workflow } = await statusOf(harness);
  expect(workflow).toMatchObject({ dryRun: true });
  expect(workflow?.phases.find(({ name }) => name === 'finalise_swap')).toMatchObject({ progress: 'skipped' });
  const { id } = await releaseOf(harness, 'May2026');
  expect(await events(harness, id)).toContain('dry_run_stopped_after_validate_and_manifest');
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('and while it waits for a retry: the release ends, and publishes nothing', async () => {
  const before = await liveState(harness);
  await harness.live('alter table staging_protected_areas rename to staging_protected_areas_away');
  expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--on-failure', 'wait'])).code).toBe(0);
  await eventually(
    'it waits for a retry',
    async () => (await statusOf(harness)).workflow?.waitingFor?.kind === 'retry',
  );
  await handle().signal('dryRun');
  expect(await handle().result()).toMatchObject({ state: 'validating' });
  await harness.live('alter table staging_protected_areas_away rename to staging_protected_areas');
  expect(await liveState(harness)).toEqual(before);
});

it('a signal dryRun whose input is neither true nor false is not taken, and the status says so', async () => {
  await waits();
  await handle().signal('dryRun', 'false');
  const refusal = await eventually('the refusal is told', async () => (await statusOf(harness)).workflow?.lastRefusal);
  expect(refusal).toBe('dryRun: its input is "false": give true or false, without quotes');
  expect((await harness.pp(['status'])).stdout).toContain(`a signal was not taken: ${refusal}`);
  expect((await harness.pp(['abort'])).code).toBe(0);
});

it('somebody writes to releases: the swap takes the change along', async () => {
  const staged = await contents(harness, 'staging_');
  await waits();
  await harness.live(`update releases set stats_json = '{"note": "by Kim"}' where label = 'Apr2026'`);
  await letGo();
  expect(await handle().result()).toMatchObject({ state: 'succeeded' });
  expect(await contents(harness)).toEqual(staged);
  expect(await harness.live(`select stats_json ->> 'note' as note from releases where label = 'Apr2026'`)).toEqual([
    { note: 'by Kim' },
  ]);
});

it('a rehearsal and a swap wait for each other, and each names the other', async () => {
  await harness.seed(2);
  expect(
    (await harness.pp(['start', 'May2026', '--start-at', 'build_staging', '--mode', 'dry-run', '--wait'])).code,
  ).toBe(0);
  const rehearsal = await harness.session('rehearsal of Kim');
  await rehearsal.query('select pg_advisory_lock(42000002)');
  const refused = await harness.pp(['rehearse']);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('(rehearsal of Kim)')]);
  const rounds = await blockedRounds();
  expect((await start()).code).toBe(0);
  await eventually(
    'the swap is told to wait',
    async () =>
      (await harness.live('select from pg_locks where locktype = $1 and not granted', ['advisory'])).length > 0,
  );
  await rehearsal.end();
  expect(await handle().result()).toMatchObject({ state: 'succeeded' });
  expect(await blockedRounds()).toBe(rounds);
  expect(await eventOf(harness, (await releaseOf(harness, 'May2026')).id, 'swap_completed')).toMatchObject({
    outcome: 'swapped',
  });
});
