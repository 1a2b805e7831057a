import type { Blocker } from '../../contracts/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';

/**
 * Who else holds a lock on the relations, whatever its mode: every mode stands in the way of ACCESS EXCLUSIVE. Granted
 * locks only; who merely waits is no blocker.
 */
export async function findBlockers(session: Session, relations: readonly string[]): Promise<Blocker[]> {
  const { rows } = await session.query<Blocker>(
    `select distinct on (a.pid) a.pid, coalesce(a.usename, '') as role, coalesce(a.application_name, '') as application,
            l.relation::regclass::text as relation,
            coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8 as "ageSeconds",
            left(coalesce(a.query, ''), 200) as query
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())
       and l.relation = any($1::regclass[])
     order by a.pid, l.relation`,
    [relations.map(ident)],
  );
  return rows;
}
