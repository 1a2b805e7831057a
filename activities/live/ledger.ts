import type { Blocker } from '../../contracts/index.ts';
import { incomingOf, LEDGER, nameIn, outgoingOf, STAGING } from '../generation/names.ts';
import { dropMade, record } from '../generation/record.ts';
import { ADVISORY_KEY } from '../postgres/advisory_keys.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import type { Check, PlanStatement } from './model.ts';
import type { SwapPlan } from './plan.ts';

const TWIN = `public.${ident(nameIn(incomingOf(LEDGER, STAGING), LEDGER))}`;
const REPLACED = `public.${ident(nameIn(outgoingOf(LEDGER, STAGING), LEDGER))}`;
const NOW = `clock_timestamp() at time zone 'utc'`;

/**
 * All rows of releases, as one value: whatever is written to it between the copy and the swap would be lost. (A server in
 * FIPS mode has no md5.)
 */
const fingerprintOf = (table: string) =>
  `select coalesce(encode(sha256(convert_to(string_agg(t::text, ',' order by id), 'UTF8')), 'hex'), '') from ${table} t`;

/** The twin of releases in which `stamp` names the backup of the release that was current, and `releaseId` is current. */
export function promotedLedger(releaseId: number, stamp: string): PlanStatement[] {
  return [
    ...copyLedger(),
    {
      sql: `update ${TWIN} set is_current = false, updated_at = ${NOW},
              backup_timestamp = to_timestamp(${literal(stamp)}, 'YYMMDDHH24MI')::timestamp where is_current`,
      reason: 'the release that is current becomes the one in the backup',
    },
    {
      sql: `update ${TWIN} set is_current = true, backup_timestamp = null, state = 'swapped', error_text = null,
              updated_at = ${NOW} where id = ${Number(releaseId)}`,
      reason: 'this release becomes current in the same moment as its data',
    },
  ];
}

/** The twin of releases in which the release in backup `stamp` is current again. @param chosen where no row names the stamp */
export function demotedLedger(releaseId: number, stamp: string, chosen?: number): PlanStatement[] {
  const isIt = chosen === undefined ? '' : ` or id = ${Number(chosen)}`;
  return [
    ...copyLedger(),
    {
      sql: `update ${TWIN} set is_current = false, state = 'rolled_back', updated_at = ${NOW} where id = ${Number(releaseId)}`,
      reason: 'the release that is current is rolled back',
    },
    {
      sql: `update ${TWIN} set is_current = true, backup_timestamp = null, updated_at = ${NOW}
            where to_char(backup_timestamp, 'YYMMDDHH24MI') = ${literal(stamp)}${isIt}`,
      reason: 'the release in the backup is current again',
    },
  ];
}

function copyLedger(): PlanStatement[] {
  return [
    {
      sql: `create table ${TWIN} (like public.${ident(LEDGER)} including all excluding indexes excluding statistics)`,
      reason: 'releases gets a twin with the rows that are true after the change',
    },
    {
      sql: `alter table ${TWIN} replica identity full`,
      reason:
        "a publication of all tables lets no row be changed that it cannot name; releases' own comes with its key",
    },
    { sql: `insert into ${TWIN} select * from public.${ident(LEDGER)}`, reason: 'all releases, as they are' },
  ];
}

export async function ledgerFingerprint(session: Session): Promise<string> {
  const { rows } = await session.query<{ fingerprint: string }>(
    `select (${fingerprintOf(`public.${ident(LEDGER)}`)}) as fingerprint`,
  );
  return rows[0]?.fingerprint ?? '';
}

/** SQLSTATE of that question, so that a round which comes too late is told from a refusal. */
export const LEDGER_CHANGED = 'PP004';

/** Somebody has written to releases since it was copied; nothing was changed, and the next round copies it anew. */
export class LedgerChangedError extends ReleaseError {
  constructor() {
    super('SwapRefused', `nothing was changed: ${LEDGER} was written to while the change was prepared; try again`);
  }
}

/**
 * Runs `work`, which makes and drops the twin, alone. Whoever else is at it is waited for, and then named.
 *
 * @returns what `work` answers, or who is at it still
 */
export async function withLedger<T>(
  db: Database,
  waitMs: number,
  work: () => Promise<T>,
): Promise<{ done: T } | { busy: Blocker[] }> {
  return db.session(
    async (session) => {
      try {
        await session.query(`select pg_advisory_lock(${ADVISORY_KEY.ledger})`);
      } catch (error) {
        if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
        return { busy: await findLedgerHolder(session) };
      }
      try {
        return { done: await work() };
      } finally {
        await session.query(`select pg_advisory_unlock(${ADVISORY_KEY.ledger})`);
      }
    },
    { lock_timeout: `${Math.max(1, Math.round(waitMs))}ms` },
  );
}

async function findLedgerHolder(session: Session): Promise<Blocker[]> {
  const { rows } = await session.query<Blocker>(
    `select a.pid, coalesce(a.usename, '') as role, coalesce(a.application_name, '') as application, $1 as relation,
            extract(epoch from clock_timestamp() - a.backend_start)::float8 as "ageSeconds", left(a.query, 200) as query
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = $2 and a.datname = current_database()`,
    [LEDGER, ADVISORY_KEY.ledger],
  );
  return rows;
}

/** Asked under the lock: was anything written to releases since the copy? */
export async function ledgerCheck(session: Session): Promise<Check> {
  const before = await ledgerFingerprint(session);
  return {
    sql: `select case when (${fingerprintOf(REPLACED)}) = ${literal(before)} then 0 else 1 end as n`,
    message: 'releases was written to while the change was prepared',
    sqlstate: LEDGER_CHANGED,
  };
}

/** Makes the twin, in one transaction. */
export async function makeLedger(db: Database, plan: SwapPlan): Promise<void> {
  await db.transaction(async (session) => {
    for (const { sql } of plan.ledger) await session.query(sql);
    await record(session, incomingOf(LEDGER, STAGING), [LEDGER]);
  });
}

/** The twin of an attempt that came to nothing. */
export async function dropLedger(db: Database): Promise<void> {
  await db.transaction(dropLedgerTwin);
}

export async function dropLedgerTwin(session: Session): Promise<void> {
  await dropMade(session, incomingOf(LEDGER, STAGING));
  await dropMade(session, outgoingOf(LEDGER, STAGING));
}
