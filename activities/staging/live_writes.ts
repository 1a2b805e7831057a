import { tables } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';

/** Rows written to each released table of live since PostgreSQL counts. A crash of the server sets the counters back. */
const COUNTERS = `select coalesce(jsonb_object_agg(c.relname, pg_stat_get_tuples_inserted(c.oid)
    + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)), '{}')
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any($1)`;

const names = tables.map(({ name }) => name);

export async function rememberWrites(session: Session): Promise<void> {
  await session.query(`update pp_release.staging set live_writes = (${COUNTERS})`, [names]);
}

/**
 * How many rows of live were written since staging was built, by table. The release replaces what its importers make of them, as it
 * does each month; this is for the person who edited them. Counters lag by some seconds, so that it says little of the last moment.
 */
export async function writesSinceBuild(session: Session): Promise<Record<string, number>> {
  const { rows } = await session.query<{ table: string; rows: number }>(
    `select now.key as table, (now.value::bigint - before.value::bigint)::int as rows
     from pp_release.staging s, jsonb_each_text((${COUNTERS})) now
     join jsonb_each_text((select live_writes from pp_release.staging)) before using (key)
     where now.value::bigint > before.value::bigint order by 1`,
    [names],
  );
  return Object.fromEntries(rows.map(({ table, rows: written }) => [table, written]));
}
