import type { CheckId } from '../../../client/doctor/checks/index.ts';
import { openPooler, type Pooler } from '../pooler.ts';
import type { Env, OwnDatabase, Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

type DatabaseScenario = Scenario<Ward>;

/** A fault in how the database and its role are set up. */
function atSetUp(fault: (own: OwnDatabase) => string[], settings: Env = {}): DatabaseScenario {
  return {
    well: async () => settings,
    break: async ({ own }) => {
      await own.asDba(...fault(own));
      return undefined;
    },
  };
}

/** A fault that a statement makes. */
function byStatement(as: 'role' | 'dba', sql: string): DatabaseScenario {
  return {
    break: async (ward) => {
      await (as === 'role' ? ward.asRole(sql) : ward.asDba(sql));
      return undefined;
    },
  };
}

let pooler: Pooler | undefined;

export const databaseScenarios: Record<Extract<CheckId, `database.${string}`>, DatabaseScenario> = {
  'database.answers': atSetUp(({ name, role }) => [`revoke connect on database ${name} from ${role}`]),
  'database.pooler': {
    break: async ({ own }) => {
      pooler = await openPooler(own.env.PP_DATABASE_URL ?? '', 'transaction');
      return { PP_DATABASE_URL: pooler.url };
    },
    after: async () => pooler?.close(),
  },
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
  'database.create_schemas': {
    ...atSetUp(({ name, role }) => ['create schema portal_fdw', `revoke create on database ${name} from ${role}`]),
    after: ({ own }) => own.asDba('drop schema portal_fdw'),
  },
  'database.temporary_tables': atSetUp(({ name, role }) => [`revoke temporary on database ${name} from ${role}`]),
  'database.deadlock_timeout': atSetUp(({ role }) => [`revoke set on parameter deadlock_timeout from ${role}`]),
  'database.read_all_stats': atSetUp(({ role }) => [`revoke pg_read_all_stats from ${role}`]),
  'database.end_blockers': atSetUp(({ role }) => [`revoke pg_signal_backend from ${role}`], {
    PP_END_BLOCKER_ROLES: 'portal_reader',
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
  'database.owners': byStatement(
    'dba',
    'alter table realms owner to postgres; alter table no_take_statuses owner to portal_reader',
  ),
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
  'database.prepared_transactions': {
    break: async ({ session }) => {
      await (await session()).query(
        `begin; update realms set name = name; prepare transaction 'the website''s of Monday'`,
      );
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
