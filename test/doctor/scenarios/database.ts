import type pg from 'pg';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { TestDatabases } from '../../support/database.ts';
import { type Env, type OwnDatabase, ownDatabase, type Scenario, type Shell } from '../ward.ts';

export interface DatabaseWard {
  /** Its settings name a migrated database, with a superuser's address in PP_DBA_URL. */
  shell: Shell;
  databases: TestDatabases;
  /** Statements on that database as the release's role, and as a superuser. */
  asRole(sql: string): Promise<void>;
  asDba(sql: string): Promise<void>;
  /** Another session on that database, until the ward is closed. */
  session(): Promise<pg.Client>;
}

type DatabaseScenario = Scenario<DatabaseWard>;

/** A fault in a database of its own, as its set-up may have left it. */
function atSetUp(fault: (own: OwnDatabase) => string[], settings: Env = {}): DatabaseScenario {
  let own: OwnDatabase | undefined;
  return {
    well: async () => {
      own = await ownDatabase();
      return { ...own.env, ...settings };
    },
    break: async () => {
      if (own) await own.asDba(...fault(own));
      return undefined;
    },
    after: async () => own?.drop(),
  };
}

/** A fault that a statement makes in the migrated database. */
function byStatement(as: 'role' | 'dba', sql: string): DatabaseScenario {
  return {
    break: async (ward) => {
      await (as === 'role' ? ward.asRole(sql) : ward.asDba(sql));
      return undefined;
    },
  };
}

export const databaseScenarios: Record<Extract<CheckId, `database.${string}`>, DatabaseScenario> = {
  'database.answers': atSetUp(({ name, role }) => [`revoke connect on database ${name} from ${role}`]),
  'database.settings': atSetUp(({ name, role }) => [
    `alter role ${role} in database ${name} set session_replication_role = replica`,
    `alter database ${name} set zero_damaged_pages = on`,
  ]),
  'database.writable': atSetUp(({ name, role }) => [
    `alter database ${name} set default_transaction_read_only = on`,
    `set default_transaction_read_only = off; alter role ${role} set default_transaction_read_only = on`,
  ]),
  'database.superuser': atSetUp(({ role }) => [`alter role ${role} superuser`]),
  'database.postgis': atSetUp(() => ['drop extension postgis']),
  'database.postgres_fdw': atSetUp(() => ['drop extension postgres_fdw']),
  'database.fdw_usage': atSetUp(({ role }) => [`revoke usage on foreign data wrapper postgres_fdw from ${role}`]),
  'database.create_in_public': atSetUp(({ role }) => [
    'alter schema public owner to postgres',
    `revoke create on schema public from ${role}, public`,
  ]),
  'database.create_schemas': atSetUp(({ name, role }) => [
    'create schema portal_fdw',
    `revoke create on database ${name} from ${role}`,
  ]),
  'database.temporary_tables': atSetUp(({ name, role }) => [`revoke temporary on database ${name} from ${role}`]),
  'database.deadlock_timeout': atSetUp(({ role }) => [`revoke set on parameter deadlock_timeout from ${role}`]),
  'database.read_all_stats': atSetUp(({ role }) => [`revoke pg_read_all_stats from ${role}`]),
  'database.end_blockers': atSetUp(({ role }) => [`revoke pg_signal_backend from ${role}`], {
    PP_END_BLOCKER_ROLES: 'pp_release',
  }),
  'database.end_blocker_roles': {
    break: async () => ({ PP_END_BLOCKER_ROLES: 'website, pp_release' }),
  },
  'database.migrations': { ...atSetUp(() => []), isMissing: true },
  'database.row_security': byStatement(
    'role',
    'alter table sources enable row level security; alter table sources force row level security',
  ),
  'database.strangers': byStatement(
    'role',
    'create table "staging_sources" (id int); create materialized view staging_portal_iso3_agg as select 1 as one',
  ),
  'database.owners': byStatement('dba', 'alter table realms owner to postgres'),
  'database.columns': byStatement(
    'role',
    `alter table protected_areas add column colour text not null default ''; alter table protected_areas alter column colour drop default`,
  ),
  'database.refusals': byStatement(
    'role',
    'create schema reports; create materialized view reports."By realm" as select name from realms',
  ),
  'database.invalid_indexes': {
    break: async ({ session }) => {
      const client = await session();
      await client.query(
        `insert into realms (name, created_at, updated_at) select 'twice', now(), now() from generate_series(1, 2)`,
      );
      // It cannot be unique: what is left of the index is not valid.
      await client.query('create unique index concurrently "Realms by name" on realms (name)').catch(() => undefined);
      return undefined;
    },
  },
  'database.autovacuum': byStatement('role', 'alter table protected_areas set (autovacuum_enabled = false)'),
  'database.connections': atSetUp(({ name }) => [`alter database ${name} connection limit 9`]),
  'database.outside_lock': {
    break: async ({ session }) => {
      await (await session()).query('select pg_advisory_lock(42000001)');
      return undefined;
    },
  },
  'database.blockers': {
    break: async ({ session }) => {
      await (await session()).query('begin; select count(*) from protected_areas');
      return { PP_LOCK_TIMEOUT_MS: '1' };
    },
  },
};
