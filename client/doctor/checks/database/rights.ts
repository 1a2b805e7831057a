import { ident } from '../../../../activities/postgres/identifiers.ts';
import { type Check, failed, ok, type Remedy, warning } from '../../check.ts';
import { dbaSql, word } from '../../shell.ts';
import type { Surroundings } from '../../surroundings.ts';
import { readRole } from './access.ts';

async function isTrue(here: Surroundings, question: string, values: unknown[] = []): Promise<boolean> {
  const [row] = await here.rows<{ answer: boolean }>(`select (${question}) as answer`, values);
  return row?.answer ?? false;
}

const byDba = (...statements: string[]): Remedy => ({ as: 'dba', commands: [dbaSql(...statements)] });

/** Extensions and rights, as docs/database.md lists them. */
export const rightsChecks = {
  'database.postgis': {
    title: 'PostGIS is installed',
    expected: 'extension postgis in the live database',
    why: 'Shapes are columns of PostGIS, and every import and check of them is its work.',
    pre: true,
    async look(here) {
      const [row] = await here.rows<{ version: string }>(
        `select extversion as version from pg_extension where extname = 'postgis'`,
      );
      return row ? ok(row.version) : failed('it is not there', byDba('create extension postgis'));
    },
  },
  'database.postgres_fdw': {
    title: 'postgres_fdw is installed',
    expected: 'extension postgres_fdw in the live database',
    why: 'The portal is read through it.',
    pre: true,
    async look(here) {
      const [row] = await here.rows<{ version: string }>(
        `select extversion as version from pg_extension where extname = 'postgres_fdw'`,
      );
      if (row) return ok(row.version);
      const { role } = await readRole(here);
      // A right on the wrapper went with it.
      const grant = `grant usage on foreign data wrapper postgres_fdw to ${ident(role)}`;
      return failed('it is not there', byDba('create extension postgres_fdw', grant));
    },
  },
  'database.fdw_usage': {
    title: 'the role may link a portal',
    expected: 'right USAGE on foreign data wrapper postgres_fdw',
    why: 'migrate --portal-env makes the foreign server as this role.',
    pre: true,
    needs: ['database.postgres_fdw'],
    async look(here) {
      const { role } = await readRole(here);
      if (await isTrue(here, `has_foreign_data_wrapper_privilege('postgres_fdw', 'usage')`)) return ok(`${role} may`);
      return failed(`${role} may not`, byDba(`grant usage on foreign data wrapper postgres_fdw to ${ident(role)}`));
    },
  },
  'database.create_in_public': {
    title: 'the role may create tables',
    expected: 'right CREATE on schema public',
    why: 'A release makes its staging tables and renames live ones there.',
    pre: true,
    async look(here) {
      const { role } = await readRole(here);
      if (await isTrue(here, `has_schema_privilege('public', 'create') and has_schema_privilege('public', 'usage')`))
        return ok(`${role} may`);
      return failed(`${role} may not`, byDba(`grant usage, create on schema public to ${ident(role)}`));
    },
  },
  'database.create_schemas': {
    title: 'the role may make its schemas',
    expected: 'schemas pp_release and portal_fdw usable by the role, or the right CREATE on the database',
    why: 'migrate keeps its own tables in pp_release and the foreign tables in portal_fdw.',
    pre: true,
    async look(here) {
      const { role, database } = await readRole(here);
      const rows = await here.rows<{ name: string; there: boolean; usable: boolean }>(
        `select name, to_regnamespace(name) is not null as there,
                coalesce(has_schema_privilege(to_regnamespace(name), 'create, usage'), false) as usable
         from unnest(array['pp_release', 'portal_fdw']) name`,
      );
      const closed = rows.filter(({ there, usable }) => there && !usable).map(({ name }) => name);
      const missing = rows.filter(({ there }) => !there).map(({ name }) => name);
      const mayCreate =
        missing.length === 0 || (await isTrue(here, `has_database_privilege(current_database(), 'create')`));
      if (closed.length === 0 && mayCreate) return ok(missing.length > 0 ? `${role} may make them` : 'both are there');
      const statements = [
        ...(mayCreate ? [] : [`grant create on database ${ident(database)} to ${ident(role)}`]),
        ...(closed.length > 0 ? [`grant usage, create on schema ${closed.join(', ')} to ${ident(role)}`] : []),
      ];
      const seen =
        closed.length > 0
          ? `schema ${closed.join(', ')} is closed to ${role}`
          : `${role} may not make ${missing.join(', ')}`;
      return failed(seen, byDba(...statements));
    },
  },
  'database.temporary_tables': {
    title: 'the role may make temporary tables',
    expected: 'right TEMPORARY on the database',
    why: 'Importers read each CSV file into one.',
    pre: true,
    async look(here) {
      const { role, database } = await readRole(here);
      if (await isTrue(here, `has_database_privilege(current_database(), 'temporary')`)) return ok(`${role} may`);
      return failed(`${role} may not`, byDba(`grant temporary on database ${ident(database)} to ${ident(role)}`));
    },
  },
  'database.deadlock_timeout': {
    title: 'the swap may yield in a deadlock',
    expected: 'right SET on parameter deadlock_timeout',
    why: 'With it the swap, and not a reader, loses a deadlock. Without it a release works less politely.',
    pre: true,
    async look(here) {
      const { role } = await readRole(here);
      if (await isTrue(here, `has_parameter_privilege('deadlock_timeout', 'set')`)) return ok(`${role} may set it`);
      return warning(`${role} may not set it`, byDba(`grant set on parameter deadlock_timeout to ${ident(role)}`));
    },
  },
  'database.read_all_stats': {
    title: "the role may see other sessions' queries",
    expected: 'a member of pg_read_all_stats',
    why: 'Otherwise a release that finds no moment for its swap cannot say which query is in the way.',
    pre: true,
    async look(here) {
      const { role } = await readRole(here);
      if (await isTrue(here, `pg_has_role('pg_read_all_stats', 'usage')`)) return ok(`${role} is one`);
      return warning(`${role} is none`, byDba(`grant pg_read_all_stats to ${ident(role)}`));
    },
  },
  'database.end_blockers': {
    title: 'the role may end the sessions that PP_END_BLOCKER_ROLES allows',
    expected: 'a member of pg_signal_backend, where PP_END_BLOCKER_ROLES is set',
    why: 'start --end-blockers could end no session, and the swap would wait in vain.',
    async look(here) {
      const { role } = await readRole(here);
      if (here.place.settings.endBlockerRoles.length === 0) return ok('PP_END_BLOCKER_ROLES is not set');
      if (await isTrue(here, `pg_has_role('pg_signal_backend', 'usage')`)) return ok(`${role} is one`);
      return failed(`${role} is none`, byDba(`grant pg_signal_backend to ${ident(role)}`));
    },
  },
  'database.end_blocker_roles': {
    title: 'PP_END_BLOCKER_ROLES names roles that exist',
    expected: 'roles of this server',
    why: 'A name with a typing error allows no session to be ended, which shows only when a swap is blocked.',
    async look(here) {
      const { endBlockerRoles } = here.place.settings;
      if (endBlockerRoles.length === 0) return ok('PP_END_BLOCKER_ROLES is not set');
      const rows = await here.rows<{ name: string }>(
        'select rolname::text as name from pg_roles where rolname = any($1)',
        [endBlockerRoles],
      );
      const known = endBlockerRoles.filter((name) => rows.some((row) => row.name === name));
      const unknown = endBlockerRoles.filter((name) => !known.includes(name));
      if (unknown.length === 0) return ok(known.join(', '));
      const command =
        known.length > 0 ? `export PP_END_BLOCKER_ROLES=${word(known.join(','))}` : 'unset PP_END_BLOCKER_ROLES';
      return failed(`no such role: ${unknown.join(', ')}`, {
        commands: [command],
        note: "in the worker's environment, too; it leaves out the unknown names",
      });
    },
  },
} satisfies Record<string, Check>;
