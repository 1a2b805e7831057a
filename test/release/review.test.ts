import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseStatus } from '../../contracts/index.ts';
import { ROOT } from '../../local/paths.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { events, liveState, lockIsFree, releaseOf, stagingRelations } from '../support/state.ts';
import { eventOf, statusOf, waitsFor } from '../support/waiting.ts';
import { cleanEnvironment } from '../support/worker.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

const pp = (...args: string[]) => harness.pp(args);
const handle = (label: string) => harness.temporal.workflow.getHandle(`portal-release-${label}`);

/** Starts a release under review and answers once it is at the gate, with its manifest's digest. */
async function atTheGate(label: string, ...more: string[]): Promise<string> {
  const { code, stderr } = await pp('start', label, '--mode', 'review', ...more);
  expect([code, stderr]).toEqual([0, '']);
  await waitsFor(harness, 'promote');
  const { digest } = await handle(label).query<{ digest: string }>('manifest');
  return digest;
}

/** A command that a person runs and leaves before its end. */
const left = (...args: string[]) =>
  spawn(process.execPath, ['client/bin.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), ...harness.env },
  });

beforeAll(async () => {
  harness = await createHarness({ sites: 100 });
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

describe('a release under review', () => {
  let digest: string;

  it('waits at the gate with the lock held, and says for what, until when, and how to answer', async () => {
    digest = await atTheGate('Jan2026');
    expect(await liveState(harness)).toEqual(before);
    expect(await lockIsFree(harness)).toBe(false);
    const release = await releaseOf(harness, 'Jan2026');
    expect(release).toMatchObject({ state: 'validating', is_current: false, error_text: null });
    expect(await eventOf(harness, release.id, 'waiting_for_promote')).toMatchObject({
      phase: 'validate_and_manifest',
      answers: [
        `pp-release promote Jan2026 --digest ${digest.slice(0, 8)}`,
        'pp-release park Jan2026',
        'pp-release abort',
      ],
    });
    const { stdout } = await pp('status');
    expect(stdout).toMatch(/it waits for promote since 20.* until 20.*\(then it is parked\).*digest/);
    expect(stdout).toContain(`pp-release promote Jan2026 --digest ${digest.slice(0, 8)}`);
    expect((await statusOf(harness)).workflow?.waitingFor).toMatchObject({ kind: 'promote', answers: [{}, {}, {}] });
  });

  it('shows in the Web UI: summary, details with a table of phases, search attributes, a summary an activity', async () => {
    const workflow = handle('Jan2026');
    const description = await workflow.describe();
    expect(await description.staticSummary()).toBe('release Jan2026');
    expect(description.searchAttributes).toMatchObject({
      PpLabel: ['Jan2026'],
      PpState: ['validating'],
      PpPhase: ['validate_and_manifest'],
    });
    const { currentDetails } = await workflow.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain('**release 1 Jan2026 · mode review · state validating**');
    expect(currentDetails).toMatch(/It \*\*waits for promote since .*\n- `pp-release promote Jan2026 --digest /s);
    expect(currentDetails).toMatch(/\| ↳ sources \| done \| [0-9.]+ \| sources \d+/);
    expect(currentDetails).toContain('| finalise_swap | pending |  |  |');
    const { events = [] } = await workflow.fetchHistory();
    const written = (events ?? []).filter((event) => event.upsertWorkflowSearchAttributesEventAttributes);
    // One a phase, and one where the state changed at the gate.
    expect(written).toHaveLength(8);
    const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    expect(scheduled.length).toBeGreaterThan(10);
    expect(scheduled.filter((event) => !event.userMetadata?.summary)).toEqual([]);
    const found = harness.temporal.workflow.list({ query: `PpLabel = 'Jan2026' and PpState = 'validating'` });
    await eventually('the list finds it', async () => {
      for await (const { workflowId } of found) if (workflowId === 'portal-release-Jan2026') return true;
      return false;
    });
  });

  it.each([
    ['a wrong digest', ['--digest', '0123456789abcdef'], 3, /digest 0123456789abcdef is not that of the manifest/],
    ['a digest that is too short', ['--digest', 'abc'], 2, /give at least 8 characters/],
    ['neither digest nor terminal', [], 2, /no terminal to ask on.*--digest DIGEST, or --yes/],
  ])('is not promoted with %s', async (_, flags, exitCode, message) => {
    const { code, stderr } = await pp('promote', ...flags);
    expect([code, stderr]).toEqual([exitCode, expect.stringMatching(message)]);
  });

  it('keeps its lock when somebody looks at it from another namespace, which knows no such workflow', async () => {
    const { code, stdout } = await harness.pp(['status'], { TEMPORAL_NAMESPACE: 'default' });
    expect([code, stdout]).toEqual([0, expect.stringContaining('the release lock is held for release Jan2026')]);
    expect(await lockIsFree(harness)).toBe(false);
    expect((await releaseOf(harness, 'Jan2026')).state).toBe('validating');
  });

  it('is not retried: exit code 3; nor is another one promoted', async () => {
    const retried = await pp('retry');
    expect([retried.code, retried.stderr]).toEqual([
      3,
      expect.stringMatching(/nothing to retry: release 1 Jan2026 waits for promote .*pp-release promote Jan2026/),
    ]);
    const other = await pp('promote', 'Feb2026', '--yes');
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('release Feb2026 is not running')]);
  });

  it('leaves no room for another: exit code 3 and the reason', async () => {
    const refused: [string[], RegExp][] = [
      [['park', 'Feb2026'], /release Feb2026 is not running, release \d+ Jan2026 is/],
      [
        ['start', 'Jan2026'],
        /release Jan2026 is already running; see pp-release status, or stop it with pp-release abort/,
      ],
      [['import', 'Feb2026'], /release Feb2026 was not started: the release lock is held by release Jan2026/],
      [
        ['backups', 'clean', '--keep', '1'],
        /cleanup of backups was not started: the release lock is held by .*Jan2026/,
      ],
      [['rollback', '2604010600'], /rollback to 2604010600 was not started: the release lock is held by .*Jan2026/],
    ];
    for (const [args, reason] of refused) {
      const { code, stdout, stderr } = await pp(...args);
      expect([code, stdout, stderr]).toEqual([3, '', expect.stringMatching(reason)]);
    }
  });

  it('is answered by no name with a NUL: an update is rejected before it is in history, a signal is on the status', async () => {
    const updates = async () => {
      const { events = [] } = await handle('Jan2026').fetchHistory();
      return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
    };
    const before = await updates();
    for (const by of ['K\u0000im', 'Kim\nJo', '\ud800', ' ', 'K'.repeat(201), 7]) {
      const rejected = { cause: { type: 'Refused', message: expect.stringMatching(/^by (has|is)/) } };
      await expect(handle('Jan2026').executeUpdate('promote', { args: [{ by, digest }] })).rejects.toMatchObject(
        rejected,
      );
      await expect(handle('Jan2026').executeUpdate('park', { args: [{ by }] })).rejects.toMatchObject(rejected);
    }
    expect(await updates()).toBe(before);
    for (const [signal, input] of [
      ['promote', { by: 'K\u0000im', digest }],
      ['park', { by: 'K\u0000im' }],
      ['park', 'Kim'],
    ] as const) {
      await handle('Jan2026').signal(signal, input);
      await eventually(`${signal} is refused`, async () =>
        (await handle('Jan2026').query<ReleaseStatus>('status')).lastRefusal?.startsWith(
          `${signal}: ${input === 'Kim' ? 'its input is "Kim"' : 'by has a control character: "K\\u0000im"'}`,
        ),
      );
    }
    expect((await statusOf(harness)).workflow?.waitingFor?.kind).toBe('promote');
  });

  it('is not promoted by nobody, nor by dryRun(false); a signal that is not taken is put on the status', async () => {
    const nameless = handle('Jan2026').executeUpdate('promote', { args: [{ digest }] });
    await expect(nameless).rejects.toMatchObject({ cause: { type: 'Refused', message: expect.stringMatching(/^by/) } });
    await handle('Jan2026').signal('dryRun', false);
    await handle('Jan2026').signal('promote', { by: 'Kim', digest: 'ffffffff' });
    const lastRefusal = await eventually(
      'the refusal is told',
      async () => (await statusOf(harness)).workflow?.lastRefusal,
    );
    expect(lastRefusal).toMatch(/^promote: digest ffffffff is not that of the manifest/);
    expect(await liveState(harness)).toEqual(before);
  });

  it('goes live once it is promoted, and the events say by whom', async () => {
    const { code, stdout } = await harness.pp(['promote', 'Jan2026', '--digest', digest.slice(0, 8), '--json'], {
      PP_OPERATOR: 'Kim',
    });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { promoted: true, digest, by: 'Kim', label: 'Jan2026' }]);
    const { waitingFor } = (await statusOf(harness)).workflow ?? {};
    expect(waitingFor).toBeUndefined();
    expect((await pp('watch', 'Jan2026')).code).toBe(0);
    const release = await releaseOf(harness, 'Jan2026');
    expect(release).toMatchObject({ state: 'succeeded', is_current: true });
    expect(await eventOf(harness, release.id, 'promoted')).toMatchObject({ by: 'Kim', digest });
    expect(await lockIsFree(harness)).toBe(true);
  });

  it('nothing waits any more: promote, retry and park are refused with exit code 3', async () => {
    for (const command of ['promote', 'retry', 'park']) {
      const { code, stderr } = await pp(command, ...(command === 'promote' ? ['--yes'] : []));
      expect([code, stderr]).toEqual([3, expect.stringMatching(/there is nothing to .*: nothing is running/)]);
    }
  });
});

it('start --wait keeps following a release that waits, and says on standard error how to answer; park ends it', async () => {
  const waiting = pp('start', 'Feb2026', '--mode', 'review', '--wait');
  await waitsFor(harness, 'promote');
  const parked = await harness.pp(['park'], { PP_OPERATOR: 'Jo' });
  expect([parked.code, parked.stdout]).toEqual([
    0,
    expect.stringMatching(
      /is parked: .*the lock is free; it goes on with pp-release start Feb2026 --start-at finalise/,
    ),
  ]);
  expect(await lockIsFree(harness)).toBe(true);
  const { code, stdout, stderr } = await waiting;
  expect([code, stdout]).toEqual([0, expect.stringMatching(/ended as validating, parked by Jo/)]);
  expect(stderr).toMatch(/^release \d+ Feb2026 waits for promote .*answer with: pp-release promote Feb2026.*\n$/);
  const release = await releaseOf(harness, 'Feb2026');
  expect(release).toMatchObject({ state: 'validating', is_current: false });
  expect(await eventOf(harness, release.id, 'parked')).toMatchObject({ by: 'Jo' });
  expect(await stagingRelations(harness)).not.toEqual([]);
  expect(await liveState(harness)).toEqual(before);
  const goesOn =
    /parked by Jo at 20\S+ in validate_and_manifest; it goes on with pp-release start Feb2026 --start-at final/;
  expect(release.error_text).toMatch(goesOn);
  const status = await pp('status');
  expect(status.stdout).toMatch(goesOn);
  expect(status.stdout).not.toContain('waits');
  expect((await statusOf(harness)).workflow?.parked).toMatchObject({ by: 'Jo', at: expect.stringMatching(/^20/) });

  const resumed = await pp('start', 'Feb2026', '--start-at', 'finalise_swap', '--wait');
  expect([resumed.code, resumed.stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'Feb2026')).toMatchObject({ id: release.id, state: 'succeeded', is_current: true });
});

it('a lock whose session is lost while the release waits is taken anew, and the release goes on waiting', async () => {
  // Ctrl-C ends what follows the release, and not the release.
  const follower = left('start', 'Aug2026', '--mode', 'review', '--wait');
  await once(follower.stdout, 'data');
  follower.kill('SIGINT');
  expect(await once(follower, 'exit')).toEqual([null, 'SIGINT']);
  await waitsFor(harness, 'promote');
  const keeper = async () => {
    const [row] = await harness.live<{ pid: number }>(
      `select keeper_pid as pid from pp_release.lock_owner join pg_locks on pid = keeper_pid and locktype = 'advisory'`,
    );
    return row?.pid;
  };
  const lost = await keeper();
  await harness.live('select pg_terminate_backend($1)', [lost]);
  await eventually('another session holds the lock', async () => {
    const pid = await keeper();
    return pid !== undefined && pid !== lost;
  });
  // The signal of a person at the Web UI is taken as the command is.
  await handle('Aug2026').signal('park', { by: 'Kim' });
  expect((await pp('watch', 'Aug2026')).code).toBe(0);
  const { id } = await releaseOf(harness, 'Aug2026');
  expect(await eventOf(harness, id, 'parked')).toMatchObject({ by: 'Kim' });
  expect(await lockIsFree(harness)).toBe(true);
});

it('promote, abort and park at once: one wins, and the others are told what became of it', async () => {
  const digest = await atTheGate('Sep2026');
  const answers = await Promise.all([pp('promote', '--digest', digest), pp('abort'), pp('park')]);
  await handle('Sep2026').result();
  const { state } = await releaseOf(harness, 'Sep2026');
  const [promoted, aborted, parked] = answers.map(({ code }) => code);
  // What was promoted can still be aborted, until COMMIT.
  if (state === 'aborted') expect([aborted, parked]).toEqual([0, 3]);
  else
    expect([state, promoted, aborted, parked]).toEqual(
      state === 'succeeded' ? [state, 0, 3, 3] : ['validating', 3, 3, 0],
    );
  for (const { code, stderr } of answers) {
    if (code === 0) continue;
    expect(stderr).toMatch(
      /answered already|nothing is running|nothing to |was parked by|was not parked|the swap was committed|has ended|is live/,
    );
    expect(stderr).not.toMatch(/ended as started|ended as validating/);
  }
  await eventually('the lock is free', () => lockIsFree(harness));
});

it('who follows it through a pipe that is closed leaves without a stack trace, and the release waits on', async () => {
  const follower = left('start', 'Oct2026', '--mode', 'review', '--wait');
  let said = '';
  follower.stderr.on('data', (chunk) => {
    said += chunk;
  });
  // As `| head -n 1` does.
  follower.stdout.once('data', () => follower.stdout.destroy());
  expect(await once(follower, 'exit')).toEqual([141, null]);
  expect(said).toBe('');
  await waitsFor(harness, 'promote');
});

it('Temporal has lost it while it waits: promote says what to do, and that does it', async () => {
  const client = harness.temporal;
  await client.workflowService.deleteWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: 'portal-release-Oct2026' },
  });
  await eventually('it is gone', () =>
    handle('Oct2026')
      .describe()
      .then(
        () => false,
        () => true,
      ),
  );
  const { code, stderr } = await pp('promote', 'Oct2026', '--yes');
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(
      /Temporal knows no workflow portal-release-Oct2026 that runs.*the next start takes its lock over, with --start-at PHASE it goes on/,
    ),
  ]);
  await eventually('its keeper is gone', async () => {
    const { code } = await pp('start', 'Oct2026', '--start-at', 'finalise_swap', '--wait');
    return code === 0;
  });
  expect(await releaseOf(harness, 'Oct2026')).toMatchObject({ state: 'succeeded', is_current: true });
});

it('at the time limit it is parked', async () => {
  const waiting = pp('start', 'Mar2026', '--mode', 'review', '--review-timeout', '0.0004', '--wait', '--json');
  const { code, stdout } = await waiting;
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    {
      state: 'validating',
      parked: { by: 'the time limit', goOn: 'pp-release start Mar2026 --start-at finalise_swap' },
    },
  ]);
  expect(await eventOf(harness, (await releaseOf(harness, 'Mar2026')).id, 'parked')).toMatchObject({
    by: 'the time limit',
  });
  expect(await lockIsFree(harness)).toBe(true);
});

it('dryRun(true) at the gate ends it as a dry run', async () => {
  await atTheGate('Apr2026');
  await handle('Apr2026').signal('dryRun', true);
  await handle('Apr2026').result();
  const release = await releaseOf(harness, 'Apr2026');
  expect(release).toMatchObject({ state: 'validating', is_current: false });
  expect(await events(harness, release.id)).toContain('dry_run_stopped_after_validate_and_manifest');
});

describe('an abort at the gate', () => {
  it('drops staging and gives the lock back', async () => {
    await atTheGate('May2026');
    const { code, stdout } = await pp('abort');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted/)]);
    expect(await releaseOf(harness, 'May2026')).toMatchObject({ state: 'aborted', is_current: false });
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await lockIsFree(harness)).toBe(true);
    expect(await liveState(harness)).toEqual(before);
  });

  it("is what Temporal's own cancel means, too", async () => {
    await atTheGate('Jun2026');
    await handle('Jun2026').cancel();
    await expect(handle('Jun2026').result()).rejects.toThrow(/cancel/i);
    expect(await releaseOf(harness, 'Jun2026')).toMatchObject({ state: 'aborted' });
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await lockIsFree(harness)).toBe(true);
  });
});

it('a workflow that was terminated at the gate: status puts its row right and drops the lock', async () => {
  await atTheGate('Jul2026');
  await handle('Jul2026').terminate('by a test');
  expect((await releaseOf(harness, 'Jul2026')).state).toBe('validating');
  const { code, stdout } = await pp('status');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/Jul2026: failed[\s\S]*Jul2026 was terminated before it/)]);
  expect(stdout).not.toContain('the release lock is held');
  expect(await releaseOf(harness, 'Jul2026')).toMatchObject({
    state: 'failed',
    error_text:
      'Abandoned: workflow portal-release-Jul2026 was terminated before it could end the release Jul2026; go on with pp-release start Jul2026 --start-at PHASE, or start it anew',
  });
  await eventually('the lock is free', () => lockIsFree(harness));
  const again = await pp('start', 'Jul2026', '--start-at', 'finalise_swap', '--wait');
  expect([again.code, again.stderr]).toEqual([0, '']);
});

it('a review that leaves out what it waits between is refused with exit code 2', async () => {
  const { code, stderr } = await pp('start', 'Aug2026', '--mode', 'review', '--start-at', 'finalise_swap');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/mode review waits between .*leave one of them out/)]);
});
