import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, digests, events, lockIsFree, releaseOf } from '../support/state.ts';

describe('plan, rehearse, roll back, promote again and clean up from the command line', () => {
  let harness: ReleaseHarness;
  let firstRows: Record<string, string>;
  let secondRows: Record<string, string>;
  let stamp: string;

  beforeAll(async () => {
    harness = await createHarness();
    expect((await harness.pp(['rollback', '2604010600', '--wait'])).code).toBe(3);
    expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
    firstRows = await digests(harness);
    await harness.seed(1);
  });
  afterAll(() => harness?.close());

  it('the plan without staging says what a release would meet, and after a dry run each statement with its reason', async () => {
    const none = await harness.pp(['plan']);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('there is no staging yet')]);
    expect(none.stdout).toContain('view public.portal_downloads_protected_areas is carried over');
    expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
    const { code, stdout } = await harness.pp(['plan', '--json']);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as {
      before: unknown[];
      inside: { sql: string; reason: string }[];
      refusals: string[];
      locks: string[];
    };
    expect(plan.refusals).toEqual([]);
    expect(plan.locks[0]).toBe('public.releases');
    expect(plan.inside.every(({ sql, reason }) => sql !== '' && reason !== '')).toBe(true);
    expect(plan.inside.map(({ sql }) => sql)).toContainEqual(
      expect.stringMatching(/alter table public\."?staging_protected_areas"? rename to "?protected_areas"?/),
    );
    expect((await harness.pp(['plan'])).stdout).toContain('-- staging protected_areas becomes live');
  });

  it('a rehearsal does everything and changes nothing', async () => {
    const { code, stdout } = await harness.pp(['rehearse', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'done',
      lockWindowMs: expect.any(Number),
      statements: expect.any(Number),
    });
    expect(await digests(harness)).toEqual(firstRows);
    expect((await releaseOf(harness, 'Apr2026')).is_current).toBe(true);
  });

  it('a rollback restores the release before, and says so in releases and events', async () => {
    expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait'])).code).toBe(0);
    secondRows = await digests(harness);
    const listed = JSON.parse((await harness.pp(['backups', '--json'])).stdout) as {
      backups: { stamp: string; complete: boolean; label: string }[];
    };
    expect(listed.backups[0]).toMatchObject({ label: 'Apr2026', complete: true });
    stamp = listed.backups[0]?.stamp ?? '';
    const { code, stdout } = await harness.pp(['rollback', stamp, '--wait']);
    expect(code).toBe(0);
    expect(stdout).toContain('May2026 is in staging now and can be promoted again');
    expect(await digests(harness)).toEqual(firstRows);
    const [april, may] = [await releaseOf(harness, 'Apr2026'), await releaseOf(harness, 'May2026')];
    expect([april.is_current, april.stamp, may.state, may.is_current]).toEqual([true, null, 'rolled_back', false]);
    expect((await events(harness, may.id)).slice(-2)).toEqual(['rollback_started', 'rollback_completed']);
    expect(await lockIsFree(harness)).toBe(true);
  });

  it('a stamp that is gone, or none at all, is refused', async () => {
    const gone = await harness.pp(['rollback', stamp, '--wait']);
    expect([gone.code, gone.stderr]).toEqual([3, expect.stringContaining(`there is no backup ${stamp}`)]);
    for (const bad of ['12', 'yesterday', "2604010600'; drop table releases;--", '2613010600']) {
      const { code, stderr } = await harness.pp(['rollback', bad, '--wait']);
      expect([code, stderr]).toEqual([2, expect.stringContaining('is no backup stamp')]);
    }
    expect(await digests(harness)).toEqual(firstRows);
  });

  it('what was rolled back is promoted again, row for row', async () => {
    expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait'])).code).toBe(0);
    expect(await digests(harness)).toEqual(secondRows);
    const may = await releaseOf(harness, 'May2026');
    expect([may.state, may.is_current]).toEqual(['succeeded', true]);
  });

  it('cleaning up drops the backups beyond the number that stays', async () => {
    expect((await harness.pp(['backups', 'clean', '--keep', 'many'])).code).toBe(2);
    const [kept] = (await backupStamps(harness)).toReversed();
    expect((await harness.pp(['backups', 'clean', '--keep', '1'])).code).toBe(0);
    expect(await backupStamps(harness)).toEqual([kept]);
    // Without a second word the last one stays.
    expect((await harness.pp(['backups', 'clean', '--keep', '0'])).code).toBe(2);
    expect(await backupStamps(harness)).toHaveLength(1);
    const { code, stdout } = await harness.pp(['backups', 'clean', '--keep', '0', '--yes']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`dropped: ${kept}`)]);
    expect(await backupStamps(harness)).toEqual([]);
    expect(await lockIsFree(harness)).toBe(true);
    expect(await digests(harness)).toEqual(secondRows);
  });
});
