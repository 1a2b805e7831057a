import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AbortAnswer } from '../../contracts/index.ts';
import * as faults from '../../local/portal/faults.ts';
import { eventually } from '../support/eventually.ts';
import { atEvent } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import {
  backupStamps,
  events,
  liveState,
  lockIsFree,
  releaseOf,
  stagingRelations,
  waitsForLock,
} from '../support/state.ts';
import { eventOf, statusOf, waitsFor } from '../support/waiting.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

const pp = (...args: string[]) => harness.pp(args);
const start = (label: string, ...more: string[]) => pp('start', label, '--on-failure', 'wait', ...more);
const handle = (label: string) => harness.temporal.workflow.getHandle(`portal-release-${label}`);
const follows = async (label: string) => expect((await pp('watch', label)).code).toBe(0);

beforeAll(async () => {
  harness = await createHarness({ sites: 100, workerEnv: { PP_LOCK_TIMEOUT_MS: '1000' } });
  expect((await pp('start', 'Jan2026', '--wait')).code).toBe(0);
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

describe('a portal that preflight refuses', () => {
  it('makes the release wait with the lock held; the database, status and whoever follows are told', async () => {
    await faults.duplicateSites(harness.databases.portalUrl, 2);
    const waiting = start('Feb2026', '--wait');
    await waitsFor(harness, 'retry');
    const release = await releaseOf(harness, 'Feb2026');
    expect(release).toMatchObject({
      state: 'started',
      error_text: expect.stringMatching(
        /^waits for retry since .*preflight failed with PreflightFailed.*; answer with pp-release retry Feb2026, /s,
      ),
    });
    expect(await eventOf(harness, release.id, 'waiting_for_retry')).toMatchObject({
      phase: 'preflight',
      type: 'PreflightFailed',
      answers: ['pp-release retry Feb2026', 'pp-release park Feb2026', 'pp-release abort'],
    });
    const { stdout } = await pp('status');
    expect(stdout).toMatch(/it waits for retry since .*\(then it fails\): preflight failed with PreflightFailed/);
    expect(await lockIsFree(harness)).toBe(false);
    const promoted = await pp('promote', '--yes');
    expect([promoted.code, promoted.stderr]).toEqual([
      3,
      expect.stringMatching(/nothing to promote: .*waits for retry/),
    ]);

    const retrying = handle('Feb2026').executeUpdate('retry', { args: [{ by: 'a\u0000b' }] });
    await expect(retrying).rejects.toMatchObject({
      cause: { type: 'Refused', message: expect.stringMatching(/^by has/) },
    });
    await handle('Feb2026').signal('retry', { by: 'a\u0000b' });

    // As long as the cause is there, it waits again.
    expect((await pp('retry')).code).toBe(0);
    const again = await waitsFor(harness, 'retry');
    expect(await liveState(harness)).toEqual(before);
    expect(again.text).toMatch(/^preflight failed/);
    expect((await statusOf(harness)).workflow?.lastRefusal).toMatch(/^retry: by has a control character: "a\\u0000b"/);
    // A person has built on staging.
    await harness.live('create view of_kim as select * from staging_portal_iso3_agg');
    const aborted = await pp('abort', '--json');
    const stagingLeft = { onlyLocked: false, relations: expect.arrayContaining(['staging_portal_iso3_agg']) };
    expect([aborted.code, JSON.parse(aborted.stdout)]).toMatchObject([0, { aborting: true, stagingLeft }]);
    const { code, stderr } = await waiting;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/Feb2026 waits for retry .*answer with: pp-release retry/),
    ]);
    const why =
      /relations of staging are left \(staging_portal_.*view of_kim depends on materialized view staging_portal_iso3_agg.*; drop what was built on them/;
    for (const told of [
      (JSON.parse(aborted.stdout) as { reason: string }).reason,
      stderr,
      (await pp('status')).stdout,
    ]) {
      expect(told).toMatch(why);
    }
    const { reasons } = (await eventOf(harness, release.id, 'staging_left')) as { reasons: string[] };
    expect(reasons.join()).toContain('view of_kim depends on');
    await harness.live('drop view of_kim');
  });

  it('an abort ends the wait, the lock is free', async () => {
    expect(await releaseOf(harness, 'Feb2026')).toMatchObject({ state: 'aborted', error_text: null });
    expect(await lockIsFree(harness)).toBe(true);
  });

  it("Temporal's own cancel, too", async () => {
    expect((await start('Feb2026')).code).toBe(0);
    await waitsFor(harness, 'retry');
    await handle('Feb2026').cancel();
    await expect(handle('Feb2026').result()).rejects.toThrow(/cancel/i);
    expect(await releaseOf(harness, 'Feb2026')).toMatchObject({ state: 'aborted' });
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await lockIsFree(harness)).toBe(true);
  });

  it('at the time limit the release fails as it would have at once', async () => {
    const { code, stderr } = await start('Feb2026', '--retry-timeout', '0.0004', '--wait');
    const goOn = /Feb2026 failed: .*; go on with pp-release start Feb2026 --start-at preflight$/ms;
    expect([code, stderr]).toEqual([1, expect.stringMatching(goOn)]);
    expect(await releaseOf(harness, 'Feb2026')).toMatchObject({
      state: 'failed',
      error_text: expect.stringMatching(
        /^PreflightFailed: .*; go on with pp-release start Feb2026 --start-at preflight$/s,
      ),
    });
    expect(await lockIsFree(harness)).toBe(true);
  });

  it('with --on-failure fail it fails at once', async () => {
    const { code } = await pp('start', 'Feb2026', '--wait');
    expect(code).toBe(1);
    const release = await releaseOf(harness, 'Feb2026');
    expect(release.state).toBe('failed');
    expect(await events(harness, release.id)).not.toContain('waiting_for_retry');
    await harness.seed();
  });
});

it('an importer that failed: a retry runs it, and not those that are done', async () => {
  expect((await pp('start', 'Mar2026', '--stop-after', 'build_staging', '--wait')).code).toBe(0);
  await harness.live('alter table staging_protected_areas add constraint nothing_fits check (site_id < 0)');
  expect((await start('Mar2026', '--start-at', 'import_core')).code).toBe(0);
  await waitsFor(harness, 'retry');
  await harness.live('alter table staging_protected_areas drop constraint nothing_fits');
  const { code, stdout } = await harness.pp(['retry', 'Mar2026', '--json'], { PP_OPERATOR: 'Kim' });
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { retrying: 'import_core', label: 'Mar2026', by: 'Kim' }]);
  await follows('Mar2026');
  const release = await releaseOf(harness, 'Mar2026');
  expect(release).toMatchObject({ state: 'succeeded', error_text: null });
  expect(await eventOf(harness, release.id, 'retried')).toMatchObject({ phase: 'import_core', by: 'Kim' });
  const started = await harness.live<{ importer: string }>(
    `select payload_json ->> 'importer' as importer from release_events
     where release_id = $1 and phase = 'importer_started' and payload_json ->> 'phase' = 'import_core' order by id`,
    [release.id],
  );
  expect(started.map(({ importer }) => importer)).toEqual(['sources', 'protected_areas', 'protected_areas']);
});

it('a swap without a moment between readers waits; once the reader has gone a retry swaps', async () => {
  const reader = await harness.session('report of Kim');
  await reader.query('begin; select count(*) from protected_areas');
  expect((await start('Apr2026')).code).toBe(0);
  const { text } = await waitsFor(harness, 'retry');
  expect(text).toMatch(
    /finalise_swap failed with SwapRefused: nothing was changed, live is as it was: .*report of Kim/,
  );
  // What to type depends on what the release does next: it waits, so the answers say it, and nothing else does.
  expect(text).not.toMatch(/start it again|pp-release start/);
  expect((await releaseOf(harness, 'Apr2026')).error_text).toContain('; answer with pp-release retry Apr2026, ');
  expect(await liveState(harness)).toEqual(before);
  await reader.end();
  expect((await pp('retry')).code).toBe(0);
  await follows('Apr2026');
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'succeeded', is_current: true });
});

it('parked while it waits for a retry, it goes on from the phase that failed', async () => {
  const reader = await harness.session('report of Kim');
  await reader.query('begin; select count(*) from protected_areas');
  expect((await start('May2026')).code).toBe(0);
  await waitsFor(harness, 'retry');
  const letGo = await atEvent(harness, 'phase_started', 'release_lock');
  const parking = harness.pp(['park', 'May2026', '--json'], { PP_OPERATOR: 'Kim' });
  await eventually('it gives the lock back', () => waitsForLock(harness));
  const abort = await handle('May2026').startUpdate<AbortAnswer, []>('abort', { waitForStage: 'ACCEPTED' });
  await letGo();
  expect(await abort.result()).toMatchObject({
    aborting: false,
    reason: expect.stringMatching(
      /^it was parked by Kim before the abort arrived: its staging is kept, .*--start-at finalise_/,
    ),
    parked: { by: 'Kim' },
  });
  const { code, stdout } = await parking;
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { parked: true, phase: 'finalise_swap', goOn: 'pp-release start May2026 --start-at finalise_swap' },
  ]);
  expect(await releaseOf(harness, 'May2026')).toMatchObject({
    state: 'validating',
    error_text: expect.stringMatching(
      /^parked by Kim at 20\S+Z in finalise_swap; it goes on with pp-release start May2026 --start-at finalise_swap; finalise_swap had failed with SwapRefused: .*report of Kim/,
    ),
  });
  const status = await pp('status');
  expect(status.stdout).toMatch(/parked by Kim at 20.*report of Kim/);
  expect(status.stdout).not.toMatch(/waits for|then it fails/);
  expect(await lockIsFree(harness)).toBe(true);
  await reader.end();
  const resumed = await pp('start', 'May2026', '--start-at', 'finalise_swap', '--wait');
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
});

/**
 * Lets a release swap, and then somebody builds a view on the backup that goes with it, so that the backup is not dropped. Before
 * the swap, the release would have been refused for that view.
 */
async function swapsAndIsSpoilt<Result>(begin: () => Promise<Result>): Promise<Result> {
  const letGo = await atEvent(harness, 'phase_started', 'cleanup_and_retention');
  const begun = begin();
  await eventually('the swap is done', () => waitsForLock(harness));
  const stamp = (await backupStamps(harness)).at(0);
  await harness.live(`create view of_kim as select id from bk${stamp}_sources`);
  await letGo();
  return begun;
}

describe('a failure after COMMIT of the swap', () => {
  it('waits for a retry; abort and park are refused, and say that the release is live', async () => {
    expect((await swapsAndIsSpoilt(() => start('Jun2026'))).code).toBe(0);
    const { text, answers } = await waitsFor(harness, 'retry');
    expect(text).toMatch(/^the release is live, but cleanup_and_retention failed with .*of_kim/);
    expect(answers.map(({ command }) => command)).toEqual(['pp-release retry Jun2026']);
    const aborted = await pp('abort');
    expect([aborted.code, aborted.stderr]).toEqual([
      3,
      expect.stringMatching(
        /not aborted: the swap was committed.*is live.*waits for a retry.*pp-release retry Jun2026/,
      ),
    ]);
    const parked = await pp('park');
    expect([parked.code, parked.stderr]).toEqual([3, expect.stringMatching(/Jun2026 is live.*cannot be parked/)]);
    await harness.live('drop view of_kim');
    expect((await pp('retry')).code).toBe(0);
    await follows('Jun2026');
    expect(await releaseOf(harness, 'Jun2026')).toMatchObject({ state: 'succeeded', is_current: true });
  });
});

it('a failure after COMMIT that nobody retries: at the time limit it fails, and says that the release is live', async () => {
  const { code, stderr } = await swapsAndIsSpoilt(() => start('Jul2026', '--retry-timeout', '0.0004', '--wait'));
  const finish = 'finish it with pp-release start Jul2026 --start-at finalise_swap';
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/cleanup_and_retention.*Jul2026 --start-at finalise_swap$/ms),
  ]);
  expect(await releaseOf(harness, 'Jul2026')).toMatchObject({
    state: 'failed',
    is_current: true,
    error_text: expect.stringMatching(new RegExp(`the release is live, but was not finished: .*; ${finish}$`)),
  });
  expect(await lockIsFree(harness)).toBe(true);
  await harness.live('drop view of_kim');
});

it('acquire_lock never waits: what it refuses ends at once', async () => {
  const { code, stderr } = await start('Dec2026', '--start-at', 'finalise_swap');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/no release is called Dec2026/)]);
  await eventually('the lock is free', () => lockIsFree(harness));
});
