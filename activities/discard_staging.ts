import type { Blocker } from '../contracts/index.ts';
import { isStamp } from '../contracts/index.ts';
import { madeOf } from './generation/record.ts';
import { dropLedgerTwin } from './live/ledger.ts';
import { findBlockers } from './live/lock.ts';
import { dropStagingViews } from './portal/materialized_views.ts';
import type { Database, Session } from './postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from './postgres/errors.ts';
import { dropStagingTables } from './staging/build.ts';

/** How long each part waits for a lock: an abort is over within seconds, whoever holds one. */
const LOCK_TIMEOUT = '500ms';

/** What could not be dropped yet, and why: `dropLeftStaging` waits for it. */
export interface LeftStaging {
  relations: string[];
  oids: string[];
  /** False when somebody has built on them: that is no matter of waiting. */
  onlyLocked: boolean;
  reasons: string[];
  /** Sessions that hold locks on them. */
  blockers: Blocker[];
}

const PARTS: readonly ((session: Session) => Promise<unknown>)[] = [
  dropLedgerTwin,
  dropStagingViews,
  dropStagingTables,
];

/** Drops staging as far as nobody is in the way. @returns what is left, if anything */
export async function discardStaging(db: Database): Promise<LeftStaging | undefined> {
  const reasons: string[] = [];
  let onlyLocked = true;
  for (const drop of PARTS) {
    try {
      await db.transaction(drop, { lock_timeout: LOCK_TIMEOUT });
    } catch (error) {
      const state = sqlstateOf(error);
      const isBuiltOn = state === SQLSTATE.dependentObjects;
      if (!isBuiltOn && state !== SQLSTATE.lockNotAvailable && state !== SQLSTATE.deadlockDetected) throw error;
      onlyLocked &&= !isBuiltOn;
      const { message, detail } = error as { message: string; detail?: string };
      // PostgreSQL names in its DETAIL what was built on staging, one to a line.
      reasons.push([message, detail?.replaceAll('\n', ', ')].filter(Boolean).join(': '));
    }
  }
  if (reasons.length === 0) return undefined;
  return db.session(async (session) => {
    const left = await stagingRelations(session);
    const oids = left.map(({ oid }) => oid);
    const relations = left.map(({ name }) => name);
    return { relations, oids, onlyLocked, reasons, blockers: await findBlockers(session, oids) };
  });
}

/** Of staging and of the twins of releases. */
async function stagingRelations(session: Session): Promise<{ name: string; oid: string }[]> {
  return (await madeOf(session)).filter(({ generation }) => !isStamp(generation));
}

/** A session that is frozen with all those locks in hand must end by itself. */
const IDLE_LIMIT = '10s';

/**
 * Drops what an abort had to leave, as soon as PostgreSQL lets go of it. Nobody holds the release lock for that: whoever
 * takes it meanwhile keeps it, for the drop is undone when there is an owner at its end. That is asked under a lock of
 * lock_owner, which a start has to wait for.
 *
 * @param oids what was left; another staging is never touched
 * @returns false when that is gone already, or staging is somebody's by now
 * @throws ReleaseError DatabaseBusy while a release or rollback is at work
 */
export async function dropLeftStaging(
  db: Database,
  oids: readonly string[],
  recorded: (session: Session) => Promise<void>,
): Promise<boolean> {
  const isStillLeft = () => db.session((session) => isLeft(session, oids));
  if (!(await isStillLeft())) return false;
  return db.session(
    async (session) => {
      await session.query('begin');
      for (const drop of PARTS) await drop(session);
      await session.query('lock table pp_release.lock_owner in share mode');
      // Asked by another session: this one has deleted whatever staging said.
      const dropped = await isStillLeft();
      if (dropped) await recorded(session);
      await session.query(dropped ? 'commit' : 'rollback');
      return dropped;
    },
    { idle_in_transaction_session_timeout: IDLE_LIMIT },
  );
}

async function isLeft(session: Session, oids: readonly string[]): Promise<boolean> {
  const { rows } = await session.query<{ owned: boolean; used: boolean }>(
    `select exists (select from pp_release.lock_owner) as owned, exists (select from pp_release.staging) as used`,
  );
  if (rows[0]?.owned) {
    throw new ReleaseError('DatabaseBusy', 'a release or rollback is at work: it drops or uses staging itself');
  }
  const there = await stagingRelations(session);
  return !rows[0]?.used && there.length > 0 && there.every(({ oid }) => oids.includes(oid));
}
