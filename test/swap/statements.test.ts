import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptPlan, makeReady } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { planDemote } from '../../activities/live/demote.ts';
import { complete } from '../../activities/live/prepare.ts';
import { type Prepared, planPromote } from '../../activities/live/promote.ts';
import { prepareRollback } from '../../activities/live/rollback.ts';
import type { Session } from '../../activities/postgres/database.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { createTestDatabases } from '../support/database.ts';
import { LIMITS, openRooms, type Rooms } from '../support/rooms.ts';
import { addEveryKind, locksLeft, wholeState } from './support.ts';

/** Runs the plan with one more statement at `place`. */
async function runWith(rooms: Rooms, { snapshot, plan }: Prepared, place: number, sql: string): Promise<unknown> {
  const inside = [...plan.inside.slice(0, place), { sql, reason: 'a fault' }, ...plan.inside.slice(place)];
  return rooms.db
    .session((session) => attemptPlan(rooms.db, session, snapshot, { ...plan, inside }, LIMITS))
    .catch((error: unknown) => error);
}

describe('a fault at any statement leaves exactly the old state', () => {
  let rooms: Rooms;
  let release: ReleaseRef;
  let stamp: string;

  beforeAll(async () => {
    rooms = await openRooms(150, await createTestDatabases({ login: 'BYPASSRLS' }));
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await addEveryKind(rooms);
    await rooms.seed(1);
    release = await rooms.stage('Feb2027');
    await rooms.prepare(release);
  });
  afterAll(() => rooms?.close());

  /** An error, and the end of the session, before each statement and after the last one. */
  async function faultEverywhere(prepared: Prepared): Promise<void> {
    const before = await wholeState(rooms);
    const places = prepared.plan.inside.length;
    for (let place = 0; place <= places; place++) {
      const failed = await runWith(rooms, prepared, place, 'select 1 / 0');
      expect(failed, `place ${place}`).toBeInstanceOf(pg.DatabaseError);
      const ended = await runWith(rooms, prepared, place, 'select pg_terminate_backend(pg_backend_pid())');
      expect(ended, `place ${place}`).toBeInstanceOf(Error);
      expect(await wholeState(rooms), `after a fault at statement ${place}`).toBe(before);
    }
    expect(places).toBeGreaterThan(300);
    expect(await locksLeft(rooms)).toEqual([]);
  }

  it('in a swap, which then succeeds', async () => {
    const next = await rooms.db.session(freeStamp);
    await faultEverywhere(await makeReady(rooms.db, (s) => planPromote(s, release.releaseId, next)));
    const attempt = await rooms.swap(release);
    if (attempt.outcome !== 'swapped') throw new Error(attempt.outcome);
    stamp = attempt.stamp;
    const [row] = await rooms.rows<{ is_current: boolean }>('select is_current from releases where id = $1', [
      release.releaseId,
    ]);
    expect(row?.is_current).toBe(true);
  }, 240_000);

  it('in a rollback, which then succeeds', async () => {
    const plan = (s: Session) => planDemote(s, { stamp }, release.releaseId);
    await prepareRollback(rooms.db, release, { stamp, discardStaging: false }, () => undefined);
    await complete(rooms.db, plan, () => undefined);
    await faultEverywhere(await makeReady(rooms.db, plan));
    expect(await rooms.rollback(release, stamp)).toMatchObject({ outcome: 'rolled back', stamp });
    const [row] = await rooms.rows<{ state: string }>('select state from releases where id = $1', [release.releaseId]);
    expect(row?.state).toBe('rolled_back');
  }, 240_000);
});
