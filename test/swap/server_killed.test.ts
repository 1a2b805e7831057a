import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptPlan, makeReady } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { type Prepared, planPromote } from '../../activities/live/promote.ts';
import type { Session } from '../../activities/postgres/database.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { superuserUrlOf, up } from '../../local/stack/index.ts';
import { ask } from '../support/release.ts';
import { LIMITS, openRooms, type Rooms } from '../support/rooms.ts';
import { pidOf, type ScratchStack, scratchStack } from '../support/stack.ts';
import { addEveryKind, locksLeft, wholeState } from './support.ts';

const SLEEP = 'select pg_sleep(600)';

/** What kind of statement it is, without names: one of each is enough. */
function kindOf(sql: string): string {
  const words = sql
    .trim()
    .toLowerCase()
    .replace(/"[^"]*"|public\./g, '')
    .split(/\s+/);
  return [
    ...words.slice(0, 2),
    ...words.filter((word) => ['rename', 'drop', 'add', 'validate', 'if'].includes(word)).slice(0, 1),
  ].join(' ');
}

describe('the server is killed with SIGKILL in the middle of a swap', () => {
  let stack: ScratchStack;
  let rooms: Rooms;
  let release: ReleaseRef;

  const bringUp = () => up({ dir: stack.dir, worker: false, useNamedServers: false, progress: () => undefined });

  beforeAll(async () => {
    stack = await scratchStack();
    const state = await bringUp();
    const { env } = state;
    if (!env) throw new Error('the stack has no addresses');
    rooms = await openRooms(80, {
      databaseUrl: env.PP_DATABASE_URL,
      portalUrl: env.PP_PORTAL_DATABASE_URL,
      portalReaderUrl: env.PP_PORTAL_READER_URL,
      superuserUrl: (superuserUrlOf(state) ?? '').replace(/\/[^/]*$/, '/pp_live'),
      drop: async () => undefined,
    });
    await ask(rooms.databases.superuserUrl, 'alter role pp_release bypassrls');
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await addEveryKind(rooms);
    await rooms.seed(1);
    release = await rooms.stage('Feb2027');
    await rooms.prepare(release);
  });
  afterAll(async () => {
    await rooms?.close();
    await stack?.end();
  });

  const prepared = async () => {
    const stamp = await rooms.db.session(freeStamp);
    return makeReady(rooms.db, (session) => planPromote(session, release.releaseId, stamp));
  };

  /** Runs the plan in the background until it sleeps at a place of our choice. @returns its backend's pid and its end */
  async function sleepInside(
    { snapshot, plan }: Prepared,
    place: number,
    alter: (message: string) => string = (text) => text,
  ) {
    const inside =
      place < 0
        ? plan.inside
        : [...plan.inside.slice(0, place), { sql: SLEEP, reason: 'asleep' }, ...plan.inside.slice(place)];
    const end = rooms.db
      .session((session) =>
        attemptPlan(
          rooms.db,
          altering(session, alter),
          snapshot,
          { ...plan, inside },
          { ...LIMITS, statementTimeoutMs: 60_000 },
        ),
      )
      .catch((error: unknown) => error);
    for (;;) {
      const [sleeper] = await rooms.rows<{ pid: number }>(
        `select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
      );
      if (sleeper) return { pid: sleeper.pid, end };
      await delay(10);
    }
  }

  /**
   * The server answers again after a crash, by its own recovery or because we start it. Just after the kill it may answer
   * once more, before its postmaster has noticed: a checkpointer that is younger than the kill shows that it has.
   */
  async function answersAfter(kill: Date): Promise<void> {
    const recovered = () =>
      rooms.rows(`select from pg_stat_activity where backend_type = 'checkpointer' and backend_start > $1`, [kill]);
    for (let tries = 0; ; tries++) {
      const answer = await recovered().catch((error: unknown) => error);
      if (Array.isArray(answer) && answer.length > 0) return;
      if (tries > 1_200) throw new Error('the server has not recovered', { cause: answer });
      await delay(50);
    }
  }

  it('at one statement of each kind: the old state, no lock', async () => {
    const first = await prepared();
    const kinds = new Map(first.plan.inside.map(({ sql }, place) => [kindOf(sql), place]));
    expect(kinds.size).toBeGreaterThan(12);
    const before = await wholeState(rooms);
    for (const [kind, place] of kinds) {
      const { pid, end } = await sleepInside(first, place + 1);
      const kill = new Date();
      process.kill(pid, 'SIGKILL');
      expect(await end, kind).toBeInstanceOf(Error);
      await answersAfter(kill);
      expect(await wholeState(rooms), `killed after a statement of kind "${kind}"`).toBe(before);
    }
    expect(await locksLeft(rooms)).toEqual([]);
  }, 180_000);

  it('just before COMMIT, the postmaster too: the old state', async () => {
    const plan = await prepared();
    const before = await wholeState(rooms);
    const { pid, end } = await sleepInside(plan, plan.plan.inside.length);
    const kill = new Date();
    process.kill(pidOf(stack.dir, 'postgres'), 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await end).toBeInstanceOf(Error);
    await bringUp();
    await answersAfter(kill);
    expect(await wholeState(rooms)).toBe(before);
  }, 120_000);

  it('just after COMMIT, before the answer: the new state, which the next attempt recognises and does not repeat', async () => {
    const plan = await prepared();
    const { pid, end } = await sleepInside(plan, -1, (message) => message.replace(/commit$/, `commit; ${SLEEP}`));
    const kill = new Date();
    process.kill(pidOf(stack.dir, 'postgres'), 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await end).toBeInstanceOf(Error);
    await bringUp();
    await answersAfter(kill);
    expect(await rooms.rows('select label, state from releases where is_current')).toEqual([
      { label: 'Feb2027', state: 'swapped' },
    ]);
    const state = await wholeState(rooms);
    expect(await rooms.swap(release)).toMatchObject({ outcome: 'already swapped' });
    expect(await wholeState(rooms)).toBe(state);
    expect(await locksLeft(rooms)).toEqual([]);
  }, 120_000);
});

/** A session whose swap message is changed on its way. */
function altering(session: Session, alter: (message: string) => string): Session {
  return new Proxy(session, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'query' || typeof value !== 'function') return value;
      return (text: string, ...rest: unknown[]) =>
        value.call(target, text.startsWith('begin;') ? alter(text) : text, ...rest);
    },
  });
}
