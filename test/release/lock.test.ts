import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { locked } from '../support/holds.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, logged, releases, waitsForLock } from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness();
  before = await liveState(harness);
});
afterAll(() => harness?.close());

describe('while a release runs', () => {
  let holdUp: Awaited<ReturnType<ReleaseHarness['session']>>;
  let rows: unknown;

  beforeAll(async () => {
    holdUp = await harness.session('somebody', 'portal');
    await holdUp.query('begin; lock table wdpa.wdpas in access exclusive mode');
    expect((await harness.pp(['start', 'Apr2026'])).code).toBe(0);
    await eventually('the release waits for the portal', () => waitsForLock(harness, 'portal'));
    rows = await harness.live('select * from releases');
  });

  it('a second one is refused with exit code 3, told who holds the lock, since when and for what', async () => {
    const { code, stderr } = await harness.pp(['start', 'May2026']);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /the release lock is held by release Apr2026, workflow portal-release-Apr2026, since 20[0-9-]+T[0-9:]+Z.*pp-release abort/,
    );
  });

  it('a second one gets the facts as JSON, too', async () => {
    const { code, stdout } = await harness.pp(['start', 'May2026', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout).holder).toMatchObject({
      purpose: 'release Apr2026',
      workflowId: 'portal-release-Apr2026',
      since: expect.stringMatching(/^20/),
    });
  });

  it('the same label is refused with exit code 3', async () => {
    const { code, stderr } = await harness.pp(['start', 'Apr2026']);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/Apr2026 is already running.*pp-release status/)]);
  });

  it('the refused ones have changed nothing, and the release goes on to its end', async () => {
    expect(await harness.live('select * from releases')).toEqual(rows);
    expect(await liveState(harness)).toEqual(before);
    await holdUp.end();
    expect((await harness.pp(['watch', 'Apr2026'])).code).toBe(0);
    expect(await releases(harness)).toMatchObject([{ label: 'Apr2026', state: 'succeeded', is_current: true }]);
  });
});

describe('a keeper that loses its session', () => {
  const keeperPid = async () => {
    const [row] = await harness.live<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and objid = 42000001 and granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return row?.pid;
  };

  it('gets the lock back within seconds; a rival is refused meanwhile, and the release goes on', async () => {
    const letGo = await locked(harness, 'wdpa.wdpas', { on: 'portal' });
    expect((await harness.pp(['start', 'Jun2026'])).code).toBe(0);
    await eventually('the release waits for the portal', () => waitsForLock(harness, 'portal'));
    const lost = await keeperPid();
    const rival = harness.pp(['start', 'Jul2026']);
    await harness.live('select pg_terminate_backend($1)', [lost]);
    await eventually('another session has it', async () => ![undefined, lost].includes(await keeperPid()), 5_000);
    const { code, stderr } = await rival;
    expect([code, stderr]).toEqual([3, expect.stringContaining('held by release Jun2026')]);
    expect(await logged(harness, 'lock_connection_lost')).toHaveLength(1);
    await letGo();
    expect((await harness.pp(['watch', 'Jun2026'])).code).toBe(0);
    expect((await releases(harness)).map(({ label }) => label)).not.toContain('Jul2026');
  });

  it('before the lock is announced: whoever waits for it is not left waiting when its own session is lost', async () => {
    // A keeper that was frozen on its way: the release's own one waits for it for some seconds.
    const frozen = await harness.session('pp keeper 1');
    await frozen.query('select pg_advisory_lock(42000001)');
    const starting = harness.pp(['start', 'Aug2026']);
    await eventually('acquire_lock listens', async () => {
      const ended = await harness.live(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'pp acquire Aug2026' and state = 'idle' and datname = current_database()`,
      );
      return ended.length > 0;
    });
    await frozen.end();
    expect((await starting).code).toBe(0);
    expect((await harness.pp(['watch', 'Aug2026'])).code).toBe(0);
  });
});

it('an advisory lock 42000001 of another tool refuses with exit code 3, naming session and application', async () => {
  const other = await harness.session('psql of Jo');
  const { rows } = await other.query<{ pid: number }>('select pg_backend_pid() as pid, pg_advisory_lock(42000001)');
  const { code, stderr } = await harness.pp(['start', 'May2026']);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    new RegExp(
      `held by a session outside this orchestrator, since 20.*, session ${rows[0]?.pid}, application psql of Jo;`,
    ),
  );
  expect(stderr).toMatch(/end that session, or let it finish/);
  expect((await releases(harness)).map(({ label }) => label)).not.toContain('May2026');
  expect((await harness.pp(['status'])).stdout).toMatch(
    new RegExp(`the release lock is held for a session outside this orchestrator since 20.*session ${rows[0]?.pid}`),
  );
  await other.end();
  await eventually('the lock is free', () => lockIsFree(harness));
  const { code: next } = await harness.pp(['start', 'May2026', '--stop-after', 'preflight', '--wait']);
  expect(next).toBe(0);
});
