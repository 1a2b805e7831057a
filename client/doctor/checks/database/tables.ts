import { lookAt } from '../../../../activities/adopt/look.ts';
import { LEDGER } from '../../../../activities/generation/names.ts';
import type { Obstacle } from '../../../../activities/generation/obstacles.ts';
import { findStrangersInStaging } from '../../../../activities/generation/room.ts';
import { TABLES_READ } from '../../../../activities/generation/tables_read.ts';
import { foresee } from '../../../../activities/live/foresee.ts';
import { ReleaseError, someOf } from '../../../../activities/postgres/errors.ts';
import { ident } from '../../../../activities/postgres/identifiers.ts';
import { pendingMigrations } from '../../../../activities/postgres/migrate.ts';
import { requireAllRows } from '../../../../activities/postgres/row_security.ts';
import { tables } from '../../../../catalog/index.ts';
import { type Check, failed, ok, some, warning } from '../../check.ts';
import { dbaSql, sql } from '../../shell.ts';
import { fact } from '../../surroundings.ts';
import { readRole } from './access.ts';

const RELEASED = tables.map(({ name }) => name);
const MIGRATED = { needs: ['database.migrations'] };

/** What would refuse a release or its swap, as the release itself finds it before anything is made. */
const readObstacles = fact(async (here) => (await foresee(await here.session())).obstacles);

const textsOf = (found: readonly Obstacle[]) => someOf(found.map(({ text }) => text));

/** What stands in live, and whether a release can take it along. */
export const tableChecks = {
  'database.migrations': {
    title: 'the database is up to date',
    expected: 'every migration of this code is applied',
    why: 'A worker of newer code asks for tables and functions that an older database does not have.',
    needs: ['database.create_schemas'],
    async look(here) {
      const session = await here.session();
      const pending = await pendingMigrations(session);
      if (pending.length === 0) return ok('all are applied');
      const seen = `not applied: ${some(pending)}`;
      const { findings } = await lookAt(session);
      const isOld = findings.some(({ id, acts }) => id !== 'migrations' && (acts === 'adopt' || acts === 'dba'));
      if (!isOld) return failed(seen, { commands: ['pp-release migrate'] });
      return failed(`${seen}; the old system has left its tables and backups here`, {
        commands: ['pp-release adopt'],
        note: 'it migrates, too, after a yes; pp-release adopt --check says what it would do, and what a DBA has to do first',
      });
    },
  },
  'database.row_security': {
    ...MIGRATED,
    title: 'no policy hides rows from the role',
    expected: 'no row-level security in force for the role on a table that a release reads',
    why: 'A release reads whole tables: a row that a policy hides would get a new id, so each release is refused.',
    async look(here) {
      try {
        await requireAllRows(await here.session(), TABLES_READ);
        return ok('it sees all rows');
      } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        const { role } = await readRole(here);
        const hidden = error.facts.tables as string[];
        const isOwned = error.facts.owned === true;
        const commands = isOwned
          ? [sql(...hidden.map((name) => `alter table ${name} no force row level security`))]
          : [dbaSql(`alter role ${ident(role)} bypassrls`)];
        return failed(`policies may hide rows of ${some(hidden)}`, { commands, ...(!isOwned && { as: 'dba' }) });
      }
    },
  },
  'database.strangers': {
    ...MIGRATED,
    title: 'nothing stands where staging needs room',
    expected: 'no relation of others under a name that staging gets',
    why: 'A release never touches what it has not made, so it stops there.',
    async look(here) {
      const found = await findStrangersInStaging(await here.session());
      const refused = (await readObstacles(here)).filter(({ group }) => group === 'names');
      if (refused.length === 0) return ok('there is room');
      // Where the swap or a backup needs the name, what stands there may be anything.
      if (found.length === 0)
        return failed(textsOf(refused), { commands: [], note: 'its owner has to rename or drop it' });
      const renames = found.map(
        ({ kind, name }) => `alter ${kind} public.${ident(name)} rename to ${ident(`kept_${name}`)}`,
      );
      return failed(some(found.map(({ kind, name, owner }) => `${kind} ${name} of ${owner}`)), {
        commands: [sql(...renames)],
        note: 'as the owner of the relation; or drop it, if it is not needed',
      });
    },
  },
  'database.owners': {
    ...MIGRATED,
    title: 'the role may replace every released table',
    expected:
      'the role owns the released tables and views, or is a member of their owner, who may create in schema public',
    why: 'Only an owner can rename a table, which is what the swap does.',
    async look(here) {
      const found = (await readObstacles(here)).filter(({ group }) => group === 'ownership');
      if (found.length === 0) return ok('it may');
      const grants = found.flatMap(({ remedy = [] }) => remedy);
      return failed(textsOf(found), { as: 'dba', commands: [dbaSql(...grants)] });
    },
  },
  'database.columns': {
    ...MIGRATED,
    title: 'new rows fit into the live tables',
    expected: 'each column that must not be null is written by an importer, or has a default',
    why: 'A site that is new with a release has no value for such a column, so the release is refused.',
    async look(here) {
      const found = (await readObstacles(here)).filter(({ group }) => group === 'columns');
      if (found.length === 0) return ok('they fit');
      const statements = found.flatMap(({ remedy = [] }) => remedy);
      return failed(textsOf(found), {
        commands: statements.length > 0 ? [sql(...statements)] : [],
        note: 'or give the column a default: alter table … alter column … set default …',
      });
    },
  },
  'database.refusals': {
    ...MIGRATED,
    title: 'the swap can take along all that hangs on the released tables',
    expected: 'nothing that cannot be carried over to the new tables',
    why: 'The swap drops nothing of others: it is refused at the end of a release that has taken its time.',
    async look(here) {
      const found = (await readObstacles(here)).filter(({ group }) => group === 'dependents' || group === 'shape');
      if (found.length === 0) return ok('nothing is in the way');
      const statements = found.flatMap(({ remedy = [] }) => remedy);
      return failed(textsOf(found), {
        commands: statements.length > 0 ? [sql(...statements)] : [],
        note: 'docs/swap.md says what a swap carries over; what it cannot, its owner has to drop or change',
      });
    },
  },
  'database.invalid_indexes': {
    ...MIGRATED,
    title: 'the indexes of the released tables are valid',
    expected: 'no index that CREATE INDEX CONCURRENTLY left half made',
    why: 'Such an index speeds up nothing, costs each writer, and is gone with the next swap.',
    async look(here) {
      const rows = await here.rows<{ name: string }>(
        `select format('%I.%I', n.nspname, c.relname) as name from pg_index i
         join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace join pg_class t on t.oid = i.indrelid
         where not i.indisvalid and t.relnamespace = 'public'::regnamespace and t.relname = any($1) order by 1`,
        [[...RELEASED, LEDGER]],
      );
      if (rows.length === 0) return ok('all are');
      return warning(some(rows.map(({ name }) => name)), {
        commands: [sql(...rows.map(({ name }) => `drop index ${name}`))],
        note: 'then make it anew: its CREATE INDEX failed, so mend what it met (a duplicate, most often)',
      });
    },
  },
  'database.autovacuum': {
    ...MIGRATED,
    title: 'autovacuum looks after the released tables',
    expected: 'autovacuum on, for the server and for each released table',
    why: 'Statistics get old and dead rows stay, so that the website slows down between two releases.',
    async look(here) {
      const [server] = await here.rows<{ on: boolean }>(`select current_setting('autovacuum')::bool as on`);
      if (!server?.on)
        return warning('it is off for the whole server', {
          as: 'dba',
          commands: [dbaSql('alter system set autovacuum = on', 'select pg_reload_conf()')],
        });
      const rows = await here.rows<{ name: string }>(
        `select relname::text as name from pg_class, unnest(reloptions) option
         where relnamespace = 'public'::regnamespace and relname = any($1) and option ~ '^autovacuum_enabled=(false|off|no|0)$'
         order by 1`,
        [[...RELEASED, LEDGER]],
      );
      if (rows.length === 0) return ok('it does');
      return warning(`it is off for ${some(rows.map(({ name }) => name))}`, {
        commands: [sql(...rows.map(({ name }) => `alter table public.${ident(name)} reset (autovacuum_enabled)`))],
      });
    },
  },
} satisfies Record<string, Check>;
