import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releases, waitsForLock } from '../support/state.ts';

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
  expect((await releases(harness)).map(({ label }) => label)).toEqual(['Apr2026']);
  await other.end();
  await eventually('the lock is free', () => lockIsFree(harness));
  const { code: next } = await harness.pp(['start', 'May2026', '--stop-after', 'preflight', '--wait']);
  expect(next).toBe(0);
});
