import type { Blocker } from '../contracts/index.ts';
import { dropLedgerTwin } from './live/ledger.ts';
import { findBlockers } from './live/lock.ts';
import { dropStagingViews } from './portal/materialized_views.ts';
import type { Database, Session } from './postgres/database.ts';
import { SQLSTATE, sqlstateOf } from './postgres/errors.ts';
import { STAGING_PREFIX } from './postgres/identifiers.ts';
import { dropStagingTables } from './staging/build.ts';
import { dropTwins } from './staging/twins.ts';

/** How long each part waits for a lock: an abort is over within seconds, whoever holds one. */
const LOCK_TIMEOUT = '500ms';

/** What could not be dropped, and why; the next release or rollback drops it. */
export interface LeftStaging {
  relations: string[];
  reasons: string[];
  /** Sessions that hold locks on them. */
  blockers: Blocker[];
}

/** Drops staging as far as nobody is in the way. @returns what is left, if anything */
export async function discardStaging(db: Database): Promise<LeftStaging | undefined> {
  const reasons: string[] = [];
  const parts = [
    dropLedgerTwin,
    (session: Session) => dropTwins(session, STAGING_PREFIX),
    dropStagingViews,
    dropStagingTables,
  ];
  for (const drop of parts) {
    try {
      await db.transaction(drop, { lock_timeout: LOCK_TIMEOUT });
    } catch (error) {
      if (!isInTheWay(error)) throw error;
      reasons.push((error as Error).message);
    }
  }
  if (reasons.length === 0) return undefined;
  return db.session(async (session) => {
    const { rows } = await session.query<{ name: string; oid: string }>(
      `select relname as name, oid::text from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'm') and starts_with(relname, $1) order by 1`,
      [STAGING_PREFIX],
    );
    const blockers = await findBlockers(
      session,
      rows.map(({ oid }) => oid),
    );
    return { relations: rows.map(({ name }) => name), reasons, blockers };
  });
}

/** Locked by somebody, or somebody's view stands on it. */
function isInTheWay(error: unknown): boolean {
  const state = sqlstateOf(error);
  return (
    state === SQLSTATE.lockNotAvailable || state === SQLSTATE.deadlockDetected || state === SQLSTATE.dependentObjects
  );
}
