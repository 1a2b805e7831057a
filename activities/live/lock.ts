import type { Blocker } from '../../contracts/index.ts';
import type { Session } from '../postgres/database.ts';

/**
 * Who stands in the way of changing the relations, granted locks only (who merely waits is no blocker), whatever their
 * mode; and transactions that are idle with a snapshot: after the change they would see the new tables with the old rows
 * of `releases`, or a new table as empty.
 */
export async function findBlockers(session: Session, oids: readonly string[]): Promise<Blocker[]> {
  const { rows } = await session.query<Blocker>(
    `select distinct on (a.pid) a.pid, coalesce(a.usename, '') as role, coalesce(a.application_name, '') as application,
            coalesce(l.relation::regclass::text, 'an old snapshot') as relation,
            coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as "ageSeconds",
            left(coalesce(a.query, ''), 200) as query
     from pg_stat_activity a
     left join pg_locks l on l.pid = a.pid and l.locktype = 'relation' and l.granted and l.relation = any($1::oid[])
       and l.database = a.datid
     where a.datname = current_database() and a.pid <> pg_backend_pid()
       and (l.relation is not null
            or (a.backend_type = 'client backend' and a.state = 'idle in transaction' and a.backend_xmin is not null))
     order by a.pid, l.relation`,
    [oids],
  );
  return rows;
}

/**
 * Ends the sessions in the way, if every one of them belongs to a role that may be ended.
 *
 * @returns those that were ended; none when one of them may not be
 */
export async function endBlockers(
  session: Session,
  blockers: readonly Blocker[],
  roles: readonly string[],
): Promise<Blocker[]> {
  if (!blockers.every(({ role }) => roles.includes(role))) return [];
  const { rows } = await session.query<{ pid: number }>(
    'select pid from unnest($1::int[]) pid where pg_terminate_backend(pid, 2000)',
    [blockers.map(({ pid }) => pid)],
  );
  const ended = new Set(rows.map((row) => row.pid));
  return blockers.filter(({ pid }) => ended.has(pid));
}
