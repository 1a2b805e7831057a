import { readFile } from 'node:fs/promises';
import { downloadsView, VIEWS_DIR } from '../../catalog/index.ts';
import type { Blocker } from '../../contracts/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { findRelease, type ReleaseRef } from '../postgres/releases.ts';
import { freeStamp } from './backups.ts';
import { findBlockers } from './lock.ts';
import { type PlanStatement, planSwap } from './plan.ts';
import { readSnapshot, STAGING, type SwapSnapshot } from './snapshot.ts';

export interface SwapLimits {
  /** How long one round looks for a gap between readers, ms. */
  roundMs: number;
  /** Bounds the whole transaction, ms (specification: 5 minutes). */
  statementTimeoutMs: number;
}

export type SwapAttempt =
  | { outcome: 'swapped'; stamp: string; statements: number; lockWindowMs: number }
  | { outcome: 'already swapped'; stamp: string | null }
  | { outcome: 'blocked'; blockers: Blocker[] };

/** Time between two looks, or two tries: short enough to find a gap, long enough to leave the machine to the readers. */
const PAUSE_MS = 5;

/**
 * One round of the swap: looks for a moment in which nobody holds the relations, and then changes everything in one
 * transaction that is sent as one message. NOWAIT queues nobody behind it.
 *
 * @returns what happened, truthfully: swapped, swapped before, or who stood in the way
 * @throws ReleaseError SwapRefused, and whatever PostgreSQL says; then nothing has changed
 */
export async function attemptSwap(db: Database, release: ReleaseRef, limits: SwapLimits): Promise<SwapAttempt> {
  return db.session(async (session) => {
    const row = await findRelease(session, { id: release.releaseId });
    if (row?.is_current) return { outcome: 'already swapped', stamp: await stampOfPrevious(session) };
    const snapshot = await readSnapshot(session, STAGING);
    const stamp = await freeStamp(session);
    const plan = planSwap(snapshot, {
      incoming: STAGING,
      outgoing: { kind: 'backup', stamp },
      releaseRows: releaseRows(release, stamp),
      downloadsView: await downloadsViewOf(),
    });
    const relations = lockedRelations(snapshot);
    const deadline = Date.now() + limits.roundMs;
    let blockers: Blocker[] = [];
    while (Date.now() < deadline) {
      blockers = await findBlockers(session, [...relations, ...materializedViews(snapshot)]);
      if (blockers.length === 0) {
        const lockWindowMs = await trySwap(db, session, relations, plan, limits);
        if (lockWindowMs !== undefined) {
          await proveLive(db, snapshot);
          return { outcome: 'swapped', stamp, statements: plan.length, lockWindowMs };
        }
      }
      await pause(PAUSE_MS, db.signal);
    }
    return { outcome: 'blocked', blockers };
  });
}

/** @returns how long the locks were held, in ms, or undefined when somebody else held one */
async function trySwap(
  db: Database,
  session: Session,
  relations: string[],
  plan: PlanStatement[],
  limits: SwapLimits,
): Promise<number | undefined> {
  await session.query(
    `set statement_timeout = ${limits.statementTimeoutMs}; set lock_timeout = '50ms'; set deadlock_timeout = '50ms';
     set idle_in_transaction_session_timeout = '5s'; begin`,
  );
  try {
    await db.assertFence(session);
    const message = [
      `lock table ${relations.map(ident).join(', ')} in access exclusive mode nowait`,
      'select clock_timestamp() as at',
      ...plan.map((statement) => statement.sql),
      'select clock_timestamp() as at',
      'commit',
    ].join(';\n');
    // pg answers a message of several statements with an array of results; its types know of one only.
    const results = (await session.query<{ at: Date }>(message)) as unknown as {
      command: string;
      rows: { at: Date }[];
    }[];
    if (results.at(-1)?.command !== 'COMMIT') {
      throw new ReleaseError(
        'SwapRefused',
        `the swap was not committed: PostgreSQL answered ${results.at(-1)?.command}`,
      );
    }
    const times = results.flatMap((result) => (result.command === 'SELECT' ? result.rows.map((row) => row.at) : []));
    return Number(times.at(-1)) - Number(times[0]);
  } catch (error) {
    await session.query('rollback');
    const state = sqlstateOf(error);
    if (state === SQLSTATE.lockNotAvailable || state === SQLSTATE.deadlockDetected) return undefined;
    throw error;
  }
}

/** Looks from a fresh connection whether the live names now belong to what was staging. */
async function proveLive(db: Database, before: SwapSnapshot): Promise<void> {
  const names = before.incoming.map((state) => state.name);
  const left = await db.query<{ relname: string }>(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relname = any($1)`,
    [names],
  );
  if (left.length > 0) {
    const list = left.map((row) => row.relname).join(', ');
    throw new ReleaseError('SwapRefused', `PostgreSQL answered COMMIT but ${list} did not become live`);
  }
}

function releaseRows(release: ReleaseRef, stamp: string): PlanStatement[] {
  const now = `clock_timestamp() at time zone 'utc'`;
  return [
    {
      sql: `update releases set is_current = false, updated_at = ${now},
              backup_timestamp = to_timestamp(${literal(stamp)}, 'YYMMDDHH24MI')::timestamp
            where is_current`,
      reason: 'the release that was current is now the one in the backup',
    },
    {
      sql: `update releases set is_current = true, backup_timestamp = null, state = 'swapped', error_text = null,
              updated_at = ${now} where id = ${Number(release.releaseId)}`,
      reason: 'this release is current from the same moment on as its data',
    },
    { sql: 'delete from pp_release.staging', reason: 'staging holds nothing any more' },
  ];
}

async function stampOfPrevious(session: Session): Promise<string | null> {
  const { rows } = await session.query<{ stamp: string | null }>(
    'select max(stamp) as stamp from pp_release.backup_names',
  );
  return rows[0]?.stamp ?? null;
}

export async function downloadsViewOf(): Promise<{ name: string; select: string }> {
  const select = await readFile(`${VIEWS_DIR}${downloadsView}.sql`, 'utf8');
  return { name: downloadsView, select: select.replace(/^--.*\n/gm, '') };
}

/** releases first: a reader that asks it for the current release must not meet the new tables with the old row. */
function lockedRelations(snapshot: SwapSnapshot): string[] {
  const names = (states: SwapSnapshot['live']) => states.filter(({ kind }) => kind === 'table').map(({ name }) => name);
  return ['releases', ...names(snapshot.live), ...names(snapshot.incoming)];
}

/** LOCK TABLE refuses materialized views: they are locked by their own ALTER. */
function materializedViews(snapshot: SwapSnapshot): string[] {
  return snapshot.live.filter(({ kind }) => kind === 'materialized view').map(({ name }) => name);
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
