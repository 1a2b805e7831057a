import pg from 'pg';
import type { RoleName, StackState } from '../state.ts';
import { withClient } from './server.ts';

const { escapeIdentifier: id, escapeLiteral: literal } = pg;

export const LIVE_DATABASE = 'pp_live';
export const PORTAL_DATABASE = 'pp_portal';

type Passwords = StackState['passwords'];

/** The release's role owns its database and is no superuser: what it needs beyond that is granted by name. */
export async function createRoles(superuserUrl: string, passwords: Passwords): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    const roles: Array<[RoleName, string]> = [
      ['pp_release', ''],
      ['portal_owner', ''],
      // The portal's own limit for readers, which a release has to live with.
      ['portal_reader', 'CONNECTION LIMIT 5'],
    ];
    for (const [role, attributes] of roles) {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(`${verb} ROLE ${id(role)} LOGIN ${attributes} PASSWORD ${literal(passwords[role])}`);
    }
    // The swap gives way after a deadlock_timeout of its own; that setting is the superuser's otherwise.
    await client.query('GRANT SET ON PARAMETER deadlock_timeout TO pp_release');
    // "$user" stands first in the default: what the role makes by hand would land in the schema of the same name.
    await client.query('ALTER ROLE pp_release SET search_path = public');
    // To name who blocks a swap, with the query.
    await client.query('GRANT pg_read_all_stats TO pp_release');
  });
}

async function createDatabase(superuserUrl: string, database: string, owner: RoleName, setUp: string[]): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${id(database)} OWNER ${id(owner)}`);
    await client.query(`REVOKE ALL ON DATABASE ${id(database)} FROM PUBLIC`);
  });
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  await withClient(url.href, async (client) => {
    for (const statement of setUp) await client.query(statement);
  });
}

/** Extensions that only a superuser may create are put there beforehand. */
export const createLiveDatabase = (superuserUrl: string, database: string): Promise<void> =>
  createDatabase(superuserUrl, database, 'pp_release', [
    'CREATE EXTENSION IF NOT EXISTS postgis',
    'CREATE EXTENSION IF NOT EXISTS postgres_fdw',
    'GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO pp_release',
    'ALTER SCHEMA public OWNER TO pp_release',
  ]);

/** The reader sees whatever the owner makes, now and later, in any schema; it changes nothing. */
export const createPortalDatabase = (superuserUrl: string, database: string): Promise<void> =>
  createDatabase(superuserUrl, database, 'portal_owner', [
    'CREATE EXTENSION IF NOT EXISTS postgis',
    'ALTER SCHEMA public OWNER TO portal_owner',
    'GRANT USAGE ON SCHEMA public TO portal_reader',
    'ALTER DEFAULT PRIVILEGES FOR ROLE portal_owner GRANT SELECT ON TABLES TO portal_reader',
    'ALTER DEFAULT PRIVILEGES FOR ROLE portal_owner GRANT USAGE ON SCHEMAS TO portal_reader',
    `GRANT CONNECT ON DATABASE ${id(database)} TO portal_reader`,
  ]);
