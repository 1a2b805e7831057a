import type { Database, Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { incomingOf, LEDGER, nameIn, outgoingOf, type PlanStatement, STAGING } from './model.ts';
import type { SwapPlan } from './plan.ts';

const TWIN = `public.${ident(nameIn(incomingOf(LEDGER, STAGING), LEDGER))}`;
const REPLACED = `public.${ident(nameIn(outgoingOf(LEDGER, STAGING), LEDGER))}`;
const NOW = `clock_timestamp() at time zone 'utc'`;

/** All rows of releases, as one value: whatever is written to it between the copy and the swap would be lost. */
const fingerprintOf = (table: string) =>
  `select coalesce(md5(string_agg(t::text, ',' order by id)), '') from ${table} t`;

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

/** The twin of releases in which the release in backup `stamp` is current again. */
export function demotedLedger(releaseId: number, stamp: string): PlanStatement[] {
  return [
    ...copyLedger(),
    {
      sql: `update ${TWIN} set is_current = false, state = 'rolled_back', updated_at = ${NOW} where id = ${Number(releaseId)}`,
      reason: 'the release that is current is rolled back',
    },
    {
      sql: `update ${TWIN} set is_current = true, backup_timestamp = null, updated_at = ${NOW}
            where to_char(backup_timestamp, 'YYMMDDHH24MI') = ${literal(stamp)}`,
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
    { sql: `insert into ${TWIN} select * from public.${ident(LEDGER)}`, reason: 'all releases, as they are' },
  ];
}

export async function ledgerFingerprint(session: Session): Promise<string> {
  const { rows } = await session.query<{ fingerprint: string }>(
    `select (${fingerprintOf(`public.${ident(LEDGER)}`)}) as fingerprint`,
  );
  return rows[0]?.fingerprint ?? '';
}

/** Asked under the lock: was anything written to releases since the copy? */
export async function ledgerCheck(session: Session): Promise<{ sql: string; message: string }> {
  const before = await ledgerFingerprint(session);
  return {
    sql: `select case when (${fingerprintOf(REPLACED)}) = ${literal(before)} then 0 else 1 end as n`,
    message: 'releases was written to while the change was prepared: try again',
  };
}

/** Makes the twin, in one transaction. */
export async function makeLedger(db: Database, plan: SwapPlan): Promise<void> {
  await db.transaction(async (session) => {
    for (const { sql } of plan.ledger) await session.query(sql);
  });
}

/** The twin of an attempt that came to nothing. */
export async function dropLedger(db: Database): Promise<void> {
  await db.transaction(dropLedgerTwin);
}

export async function dropLedgerTwin(session: Session): Promise<void> {
  await session.query(`drop table if exists ${TWIN}, ${REPLACED}`);
}
