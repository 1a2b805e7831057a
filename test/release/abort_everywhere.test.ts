import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Phase } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import {
  backupStamps,
  events,
  liveState,
  lockIsFree,
  releaseOf,
  releases,
  stagingRelations,
  waitsForLock,
} from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

/** What lets the phase go that waits; also after a test that failed, so that the next one can run. */
let letGo = async (): Promise<unknown> => undefined;

/** Makes a phase wait for somebody's session. @returns what lets it go */
type Hold = () => Promise<() => Promise<unknown>>;

const HOLDER = 'somebody';

/** Somebody has locked what the phase needs. SHARE keeps writers out and lets readers in. */
const locked =
  (relation: string, mode: 'access exclusive' | 'share' = 'access exclusive', on: 'live' | 'portal' = 'live'): Hold =>
  async () => {
    const session = await harness.session(HOLDER, on);
    await session.query(`begin; lock table ${relation} in ${mode} mode`);
    return () => session.end();
  };

/** Somebody reads a table and stays in the transaction. */
const read =
  (relation: () => Promise<string>): Hold =>
  async () => {
    const session = await harness.session(HOLDER);
    await session.query(`begin; select count(*) from ${await relation()}`);
    return () => session.end();
  };

/** For phases whose relations the swap or an earlier phase would wait for too: a trigger waits when the phase writes its event. */
const atEvent =
  (event: string, phase: Phase): Hold =>
  async () => {
    await harness.live(`create function hold_up() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$`);
    await harness.live(`create trigger hold_up before insert on release_events for each row
      when (new.phase = '${event}' and new.payload_json ->> 'phase' = '${phase}') execute function hold_up()`);
    const session = await harness.session(HOLDER);
    await session.query('select pg_advisory_lock(7)');
    return async () => {
      await session.end();
      await harness.live('drop trigger hold_up on release_events; drop function hold_up');
    };
  };

const oldestBackup = async () => `bk${(await backupStamps(harness))[0]}_sources`;

const isBlocked = async (label: string) => {
  const release = (await releases(harness)).find((row) => row.label === label);
  return release !== undefined && (await events(harness, release.id)).includes('swap_blocked');
};

beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
  for (const label of ['Jan2025', 'Feb2025']) {
    expect((await harness.pp(['start', label, '--wait'])).code).toBe(0);
  }
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterEach(async () => {
  await letGo();
  if (!(await lockIsFree(harness))) await harness.pp(['abort']);
});
afterAll(() => harness?.close());

async function holding(hold: Hold): Promise<void> {
  let end: (() => Promise<unknown>) | undefined = await hold();
  letGo = async () => {
    const last = end;
    end = undefined;
    await last?.();
  };
}

describe('before COMMIT an abort leaves live as it was, no staging, and a free lock', () => {
  const cases: [Phase, Hold, ((label: string) => Promise<boolean>)?][] = [
    [
      'create_staging_materialized_views',
      locked('wdpa.wdpas', 'access exclusive', 'portal'),
      () => waitsForLock(harness, 'portal'),
    ],
    ['preflight', atEvent('preflight_ok', 'preflight')],
    ['build_staging', locked('sources')],
    ['import_core', locked('countries')],
    ['import_related', atEvent('importer_started', 'import_related')],
    ['validate_and_manifest', locked('pp_release.manifests')],
    ['finalise_swap', read(async () => 'protected_areas'), isBlocked],
  ];

  it.each(cases)('%s', async (phase, hold, isHeld = () => waitsForLock(harness)) => {
    const label = labelOf(cases.findIndex(([name]) => name === phase));
    await holding(hold);
    expect((await harness.pp(['start', label])).code).toBe(0);
    await eventually(`${phase} waits for somebody`, () => isHeld(label));
    const handle = harness.temporal.workflow.getHandle(`portal-release-${label}`);
    expect(await handle.query<{ phase: Phase }>('status')).toMatchObject({ phase });
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted: the release ended as aborted/)]);
    const { id, ...release } = await releaseOf(harness, label);
    expect(release).toMatchObject({ state: 'aborted', is_current: false });
    await eventually('the lock is free', () => lockIsFree(harness));
    const told = await events(harness, id);
    expect(told).toEqual(expect.arrayContaining(['aborted', 'staging_dropped', 'lock_released']));
    await letGo();
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await liveState(harness)).toEqual(before);
  });

  it('acquire_lock: there is no release yet, and nothing to show for it but the refusal', async () => {
    await holding(locked('releases', 'share'));
    const starting = harness.pp(['start', 'Dec2025', '--wait']);
    await eventually('acquire_lock waits for somebody', () => waitsForLock(harness));
    const { code, stdout } = await harness.pp(['abort']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted/)]);
    await eventually('the lock is free', () => lockIsFree(harness));
    await letGo();
    const started = await starting;
    expect([started.code, started.stderr]).toEqual([1, expect.stringContaining('Dec2025')]);
    expect((await releases(harness)).map(({ label }) => label)).not.toContain('Dec2025');
    expect(await stagingRelations(harness)).toEqual([]);
    expect(await liveState(harness)).toEqual(before);
  });
});

describe('from COMMIT on the release goes on, and the abort is told so', () => {
  const cases: [Phase, Hold][] = [
    ['create_portal_downloads_view', atEvent('portal_downloads_view_created', 'create_portal_downloads_view')],
    ['post_swap', atEvent('phase_started', 'post_swap')],
    ['cleanup_and_retention', read(oldestBackup)],
    ['release_lock', atEvent('lock_released', 'release_lock')],
    ['reset_checkpoints', atEvent('checkpoints_reset', 'reset_checkpoints')],
  ];

  it.each(cases)('%s', async (phase, hold) => {
    const label = labelOf(8 + cases.findIndex(([name]) => name === phase));
    await holding(hold);
    expect((await harness.pp(['start', label])).code).toBe(0);
    await eventually(`${phase} waits for somebody`, () => waitsForLock(harness));
    const { code, stderr } = await harness.pp(['abort']);
    // reset_checkpoints comes after the lock is given back: the release is over for everybody else.
    const answer = phase === 'reset_checkpoints' ? /nothing is running/ : /not aborted: the swap was committed before/;
    expect([code, stderr]).toEqual([3, expect.stringMatching(answer)]);
    const handle = harness.temporal.workflow.getHandle(`portal-release-${label}`);
    // Neither does the message itself, or Temporal's own cancel, stop it.
    await handle.signal('abort');
    await handle.cancel();
    await letGo();
    expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    const release = await releaseOf(harness, label);
    expect(release).toMatchObject({ state: 'succeeded', is_current: true });
    expect(await events(harness, release.id)).toContain('checkpoints_reset');
    expect(await lockIsFree(harness)).toBe(true);
    expect(await stagingRelations(harness)).toEqual([]);
  });
});

it('a new release then succeeds', async () => {
  const { code, stderr } = await harness.pp(['start', 'Jan2027', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'Jan2027')).toMatchObject({ state: 'succeeded', is_current: true });
});

/** A month of 2026 or later for each case. */
function labelOf(n: number): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${months[n % 12]}${2026 + 2 * Math.floor(n / 12)}`;
}
