import type { Blocker } from '../../contracts/index.ts';
import { STAGING } from '../generation/names.ts';
import { madeOf } from '../generation/record.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, someOf, sqlstateOf } from '../postgres/errors.ts';
import { literal } from '../postgres/identifiers.ts';
import { keepFollowUps } from './follow_ups.ts';
import { dropLedger, LEDGER_CHANGED, LedgerChangedError, ledgerFingerprint, makeLedger } from './ledger.ts';
import { endBlockers, findBlockers } from './lock.ts';
import type { PlanStatement, SwapSnapshot } from './model.ts';
import { LIVE_CHANGED, type SwapPlan } from './plan.ts';
import type { Prepared } from './promote.ts';

export interface AttemptLimits {
  /** How long one round looks for a gap between readers, ms. */
  roundMs: number;
  /** Bounds the whole transaction, ms (specification: 5 minutes). */
  statementTimeoutMs: number;
  /** Waits in the queue for a lock for a moment instead of only looking: the last resort, readers queue behind it. */
  patienceMs?: number | undefined;
  /** Roles whose sessions may be ended when they are in the way; nobody's when it is left out. */
  endBlockersOf?: readonly string[] | undefined;
}

export type Attempt =
  | { outcome: 'done'; lockWindowMs: number; tries: number; ended: Blocker[] }
  | { outcome: 'blocked'; blockers: Blocker[]; tries: number; ended: Blocker[] };

/** Time between two looks, or two tries: short enough to find a gap, long enough to leave the machine to the readers. */
const PAUSE_MS = 5;
/** Wait for a lock that LOCK TABLE cannot take (materialized views), ms. Whoever reads one meanwhile queues as long. */
const VIEW_LOCK_MS = 5;
/** SQLSTATE of a question that was answered otherwise under the lock than before it. */
const CHECK_FAILED = 'PP002';

/**
 * Looks for a moment in which nobody holds the relations, then runs the plan in one transaction that is sent as one
 * message: a client that stops cannot leave locks behind. NOWAIT queues nobody behind it.
 *
 * @param ending `rollback` rehearses: everything is done for real and undone
 * @throws ReleaseError SwapRefused, and whatever PostgreSQL says; then nothing has changed
 */
export async function attemptPlan(
  db: Database,
  session: Session,
  snapshot: SwapSnapshot,
  plan: SwapPlan,
  limits: AttemptLimits,
  ending: 'commit' | 'rollback' = 'commit',
): Promise<Attempt> {
  if (plan.refusals.length > 0) throw refused(plan.refusals);
  const oids = await lockedOids(session, snapshot, plan);
  const message = compose(db, plan, limits, ending);
  await politeSession(session, limits);
  const deadline = Date.now() + limits.roundMs;
  let blockers: Blocker[] = [];
  const ended: Blocker[] = [];
  for (let tries = 0; ; ) {
    db.signal?.throwIfAborted();
    blockers = await findBlockers(session, oids);
    if (blockers.length > 0 && limits.endBlockersOf)
      ended.push(...(await endBlockers(session, blockers, limits.endBlockersOf)));
    if (blockers.length === 0 || limits.patienceMs) {
      tries += 1;
      const lockWindowMs = await send(session, message, ending);
      if (lockWindowMs !== undefined) return { outcome: 'done', lockWindowMs, tries, ended };
    }
    if (Date.now() >= deadline) return { outcome: 'blocked', blockers, tries, ended };
    await pause(limits.patienceMs ? limits.patienceMs * 5 : PAUSE_MS, db.signal);
  }
}

function requireComplete(plan: SwapPlan, unfinished: string | undefined): void {
  if (plan.refusals.length > 0) throw refused(plan.refusals);
  if (unfinished && plan.before.length > 0) throw refused(plan.before.map(({ reason }) => `${unfinished}: ${reason}`));
}

/**
 * Makes the twin of releases and plans anew with it: what an attempt starts from. An earlier attempt's twin is dropped.
 *
 * @param unfinished what it means that incoming still lacks properties of live; without it that is allowed (a rehearsal
 *   gives it them inside)
 * @throws ReleaseError SwapRefused when there is more to do than that
 */
export async function makeReady(
  db: Database,
  plan: (session: Session) => Promise<Prepared>,
  unfinished?: string,
): Promise<Prepared> {
  await dropLedger(db);
  const before = await db.session(ledgerFingerprint);
  const first = await db.session(plan);
  requireComplete(first.plan, unfinished);
  await makeLedger(db, first.plan);
  const ready = await db.session(plan);
  requireComplete(ready.plan, unfinished);
  if (ready.plan.ledger.length > 0) throw refused(ready.plan.ledger.map(({ reason }) => `releases: ${reason}`));
  if ((await db.session(ledgerFingerprint)) !== before) throw new LedgerChangedError();
  return ready;
}

/** Live was edited between the look at it and the lock; nothing was changed, and the next round takes the edit over. */
export class LiveChangedError extends ReleaseError {
  constructor(message: string) {
    super('SwapRefused', `nothing was changed: ${message}; try again`);
  }
}

/** All refusals are in the facts; the message names the first few, so that it can be read. */
export function refused(refusals: readonly string[]): ReleaseError {
  return new ReleaseError('SwapRefused', `nothing was changed: ${someOf(refusals)}`, { refusals: [...refusals] });
}

function compose(db: Database, plan: SwapPlan, { patienceMs }: AttemptLimits, ending: 'commit' | 'rollback'): string {
  const before: PlanStatement[] = ending === 'rollback' ? plan.before : [];
  const fence = db.fenceStatement();
  return [
    'begin',
    ...(fence ? [fence] : []),
    ...(ending === 'commit' ? keepFollowUps(plan.after) : []),
    `set local lock_timeout = ${literal(`${patienceMs ?? VIEW_LOCK_MS}ms`)}`,
    ...plan.discard.map(({ sql }) => sql),
    ...before.map(({ sql }) => sql),
    ...guarded(plan, patienceMs),
    lockOut(plan, patienceMs),
    'select clock_timestamp() as at',
    ...plan.inside.map(({ sql }) => sql),
    'select clock_timestamp() as at',
    ending,
  ].join(';\n');
}

/** How long the lock against readers is tried for once the guards have been asked: they took longer than a look. */
const GUARDED_MS = 250;

/**
 * Writers wait while the guards are asked, readers go on. NOWAIT as with the lock itself: a writer who is at it is in the way
 * of both.
 */
function guarded({ guards }: SwapPlan, patienceMs: number | undefined): string[] {
  if (guards.statements.length === 0) return [];
  return [
    `lock table ${guards.locks.join(', ')} in share mode${patienceMs ? '' : ' nowait'}`,
    ...guards.statements.map(({ sql }) => sql),
  ];
}

/** Each try is one NOWAIT in a subtransaction, which gives back what it got. */
function lockOut({ locks, guards }: SwapPlan, patienceMs: number | undefined): string {
  const lock = `lock table ${locks.join(', ')} in access exclusive mode`;
  if (patienceMs) return lock;
  if (guards.statements.length === 0) return `${lock} nowait`;
  return `do $pp$ declare last timestamptz := clock_timestamp() + interval '${GUARDED_MS} milliseconds';
    begin
      loop
        begin
          ${lock} nowait;
          return;
        exception when lock_not_available then
          if clock_timestamp() > last then raise; end if;
        end;
        perform pg_sleep(${PAUSE_MS / 1000});
      end loop;
    end $pp$`;
}

/** In a deadlock the swap must lose, not the reader; autovacuum yields as fast. */
async function politeSession(session: Session, limits: AttemptLimits): Promise<void> {
  await session.query(
    `set statement_timeout = ${Math.round(limits.statementTimeoutMs)}; set idle_in_transaction_session_timeout = '5s'`,
  );
  try {
    await session.query(`set deadlock_timeout = '50ms'`);
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.insufficientPrivilege) throw error;
    // Works without it, less politely; docs/database.md tells the DBA which GRANT is missing.
  }
}

/** @returns how long the locks were held, in ms, or undefined when somebody else held one */
async function send(session: Session, message: string, ending: 'commit' | 'rollback'): Promise<number | undefined> {
  try {
    // pg answers a message of several statements with an array of results; its types know of one only.
    const results = (await session.query<{ at?: Date }>(message)) as unknown as {
      command: string;
      rows: { at?: Date }[];
    }[];
    const command = results.at(-1)?.command;
    if (command !== ending.toUpperCase())
      throw refused([`PostgreSQL answered ${command} instead of ${ending.toUpperCase()}`]);
    const times = results.flatMap((result) => result.rows.flatMap(({ at }) => (at ? [at.getTime()] : [])));
    return (times.at(-1) ?? 0) - (times[0] ?? 0);
  } catch (error) {
    const state = sqlstateOf(error);
    if (state !== undefined && !CONNECTION_GONE.has(state)) await session.query('rollback');
    if (state === SQLSTATE.lockNotAvailable || state === SQLSTATE.deadlockDetected) return undefined;
    if (state === CHECK_FAILED) throw refused([(error as Error).message]);
    if (state === LEDGER_CHANGED) throw new LedgerChangedError();
    if (state === LIVE_CHANGED) throw new LiveChangedError((error as Error).message);
    throw error;
  }
}

const CONNECTION_GONE: ReadonlySet<string> = new Set([SQLSTATE.adminShutdown, SQLSTATE.crashShutdown]);

/** Those of LOCK TABLE, and the materialized views, which are locked by their own ALTER. */
async function lockedOids(session: Session, snapshot: SwapSnapshot, plan: SwapPlan): Promise<string[]> {
  const { rows } = await session.query<{ oid: string }>(
    'select name::regclass::oid::text as oid from unnest($1::text[]) name',
    [plan.locks],
  );
  const discarded = plan.discard.length > 0 ? await madeOf(session, STAGING) : [];
  return [
    ...rows.map((row) => row.oid),
    ...[...snapshot.live, ...snapshot.incoming, ...discarded].map(({ oid }) => oid),
  ];
}

/** Nobody announces that a lock is free without queueing for it, so the swap looks again after a moment. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
