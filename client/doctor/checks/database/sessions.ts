import { LEDGER } from '../../../../activities/generation/names.ts';
import { findBlockers } from '../../../../activities/live/lock.ts';
import { ident, literal } from '../../../../activities/postgres/identifiers.ts';
import { ADVISORY_LOCK_KEY, outsideHolder } from '../../../../activities/postgres/lock.ts';
import { tables, views } from '../../../../catalog/index.ts';
import { type Check, failed, ok, some, warning } from '../../check.ts';
import { dbaSql, sql } from '../../shell.ts';
import { readRole } from './access.ts';

/** A worker's pool, its keeper of the lock, and a command beside it (docs/database.md, "Sessions"). */
const CONNECTIONS_NEEDED = 14;

const end = (pids: readonly number[]) => pids.map((pid) => `select pg_terminate_backend(${pid})`);

/** Who else is in the database, and what that leaves for a release. */
export const sessionChecks = {
  'database.connections': {
    title: 'there are connections left',
    expected: `${CONNECTIONS_NEEDED} more connections for the role`,
    why: 'A worker opens up to 13; a release that gets none tries again and again, and stands still.',
    pre: true,
    async look(here) {
      const rows = await here.rows<{ what: string; name: string; free: number }>(
        `select 'server' as what, '' as name,
                (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                 - (select count(*) from pg_stat_activity where backend_type = 'client backend'))::int as free
         union all
         select 'database', datname, (datconnlimit - (select count(*) from pg_stat_activity a where a.datid = d.oid))::int
         from pg_database d where datname = current_database() and datconnlimit >= 0
         union all
         select 'role', rolname, (rolconnlimit - (select count(*) from pg_stat_activity a where a.usesysid = r.oid))::int
         from pg_roles r where rolname = current_user and rolconnlimit >= 0
         order by free`,
      );
      const [least] = rows;
      if (!least || least.free >= CONNECTIONS_NEEDED) return ok(`${least?.free ?? 0} are free`);
      const seen = `${Math.max(0, least.free)} are free (limit of the ${least.what}${least.name ? ` ${least.name}` : ''})`;
      const raise = `alter ${least.what} ${ident(least.name)} connection limit -1`;
      if (least.what !== 'server') return failed(seen, { as: 'dba', commands: [dbaSql(raise)] });
      return failed(seen, {
        as: 'dba',
        commands: [dbaSql('alter system set max_connections = 200')],
        note: 'PostgreSQL takes it at its next restart; or end idle sessions',
      });
    },
  },
  'database.outside_lock': {
    needs: ['database.migrations'],
    title: 'no session outside holds the release lock',
    expected: `advisory lock ${ADVISORY_LOCK_KEY} is free, or a release of ours holds it`,
    why: 'A script that holds it keeps every release out, and is in no list of releases.',
    async look(here) {
      const holder = await outsideHolder(await here.session());
      if (!holder) return ok('none does');
      return failed(`session ${holder.pid} (${holder.application || 'unnamed'}) since ${holder.since}`, {
        commands: [sql(...end([holder.pid ?? 0]))],
        note: 'or let it finish; a session of another role needs pg_signal_backend',
      });
    },
  },
  'database.prepared_transactions': {
    title: 'no prepared transaction was forgotten',
    expected: 'none in this database',
    why: 'It keeps its locks over restarts, belongs to no session, and the swap waits for it in vain.',
    async look(here) {
      const rows = await here.rows<{ gid: string; owner: string; age: number }>(
        `select gid, owner::text, extract(epoch from clock_timestamp() - prepared)::int as age from pg_prepared_xacts
         where database = current_database() order by prepared`,
      );
      if (rows.length === 0) return ok('there is none');
      const { role } = await readRole(here);
      const isForeign = rows.some(({ owner }) => owner !== role);
      const statements = rows.map(({ gid }) => `rollback prepared ${literal(gid)}`);
      return warning(some(rows.map(({ gid, owner, age }) => `${gid} of ${owner}, ${age} s old`)), {
        commands: [isForeign ? dbaSql(...statements) : sql(...statements)],
        ...(isForeign && { as: 'dba' as const }),
        note: 'or commit prepared, if its owner says so; a transaction manager may be about to do that',
      });
    },
  },
  'database.blockers': {
    needs: ['database.migrations'],
    title: 'no session sits on the released tables',
    expected: 'no session with a lock on them, or idle with an old snapshot, for longer than PP_LOCK_TIMEOUT_MS',
    why: 'The swap looks for a moment without such sessions for PP_LOCK_TIMEOUT_MS, and then gives up.',
    async look(here) {
      const session = await here.session();
      const { rows } = await session.query<{ oid: string }>(
        `select oid::text from pg_class where relnamespace = 'public'::regnamespace and relname = any($1)`,
        [[LEDGER, ...tables.map(({ name }) => name), ...views.map(({ name }) => name)]],
      );
      const blockers = await findBlockers(
        session,
        rows.map(({ oid }) => oid),
      );
      const limit = here.place.settings.lockTimeoutMs / 1000;
      // A step of a release holds locks on live for as long as it works; the swap comes after it.
      const long = blockers.filter(
        ({ ageSeconds, application }) => ageSeconds > limit && !application.startsWith('pp '),
      );
      if (long.length === 0) return ok(`none for longer than ${limit} s`);
      const { role } = await readRole(here);
      const foreign = long.some((one) => one.role !== role);
      const statements = end(long.map(({ pid }) => pid));
      return warning(
        some(
          long.map(
            ({ pid, role: whose, application, relation, ageSeconds }) =>
              `pid ${pid} (${whose}, ${application || 'unnamed'}) on ${relation} for ${Math.round(ageSeconds)} s`,
          ),
        ),
        {
          commands: [foreign ? dbaSql(...statements) : sql(...statements)],
          ...(foreign && { as: 'dba' as const }),
          note: 'it ends what these sessions are doing: ask their owners first',
        },
      );
    },
  },
} satisfies Record<string, Check>;
