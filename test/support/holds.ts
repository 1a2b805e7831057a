import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import type { ReleaseHarness } from './release.ts';
import { waitsForLock } from './state.ts';

/** Lets go what waits for it; again, it does nothing. */
export type LetGo = () => Promise<void>;

/** application_name of whoever a release is made to wait for. */
export const HOLDER = 'somebody';

/** Somebody has locked a relation. SHARE keeps writers out and lets readers in. */
export async function locked(
  harness: ReleaseHarness,
  relation: string,
  { mode = 'access exclusive', on = 'live' }: { mode?: 'access exclusive' | 'share'; on?: 'live' | 'portal' } = {},
): Promise<LetGo> {
  const session = await harness.session(HOLDER, on);
  await session.query(`begin; lock table ${relation} in ${mode} mode`);
  return once(() => session.end());
}

/** Somebody reads a table and stays in the transaction. */
export async function read(harness: ReleaseHarness, relation: string): Promise<LetGo> {
  const session = await harness.session(HOLDER);
  await session.query(`begin; select count(*) from ${relation}`);
  return once(() => session.end());
}

/** A trigger waits when an event is written: for what would otherwise wait at a relation that earlier steps need too. */
export async function atEvent(harness: ReleaseHarness, event: string, phase?: string): Promise<LetGo> {
  await harness.live(`create function hold_up() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$`);
  const ofPhase = phase ? ` and new.payload_json ->> 'phase' = '${phase}'` : '';
  await harness.live(`create trigger hold_up before insert on release_events for each row
    when (new.phase = '${event}'${ofPhase}) execute function hold_up()`);
  const session = await harness.session(HOLDER);
  await session.query('select pg_advisory_lock(7)');
  return once(async () => {
    await session.end();
    await harness.live('drop trigger hold_up on release_events; drop function hold_up');
  });
}

/**
 * Starts a release and holds it in its import: an importer waits for `countries`. It is locked only once staging is there, since
 * what the release foresees reads the views over it before that.
 */
export async function heldInImport(harness: ReleaseHarness, label: string, ...flags: string[]): Promise<LetGo> {
  const build = await atEvent(harness, 'phase_completed', 'build_staging');
  expect((await harness.pp(['start', label, ...flags])).code).toBe(0);
  await eventually('staging is built', () => waitsForLock(harness));
  const countries = await locked(harness, 'countries');
  await build();
  await eventually('an importer waits', () => importerWaits(harness));
  return countries;
}

/** True while the session of an importer waits for somebody's lock. */
export async function importerWaits(harness: ReleaseHarness): Promise<boolean> {
  const rows = await harness.live(
    `select from pg_stat_activity where application_name ~ '^pp [0-9]+ importer' and wait_event_type = 'Lock'
       and datname = current_database()`,
  );
  return rows.length > 0;
}

function once(work: () => Promise<unknown>): LetGo {
  let left: (() => Promise<unknown>) | undefined = work;
  return async () => {
    const last = left;
    left = undefined;
    await last?.();
  };
}
