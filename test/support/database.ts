import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { linkPortal } from '../../activities/portal/link.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { LIVE_TEMPLATE, PORTAL_TEMPLATE, urlWith } from './templates.ts';

export interface TestDatabases {
  /** The live database as role pp_release, migrated, with regions and countries, linked to the portal. */
  databaseUrl: string;
  /** The portal database as its owner: the schema without rows. */
  portalUrl: string;
  portalReaderUrl: string;
  /** The live database as superuser. */
  superuserUrl: string;
  /** Drops both. @throws if somebody is still connected: a leaked pool or lock must fail the test. */
  drop(): Promise<void>;
}

/** A session that was ended by its client a moment ago is still listed until its process is gone. */
const GOODBYE_LIMIT_MS = 2_000;

const { escapeIdentifier: id, escapeLiteral: literal } = pg;

async function leftOver(client: pg.Client, databases: string[]): Promise<string[]> {
  const { rows } = await client.query<{ description: string }>(
    `SELECT format('%s: pid %s, %L, %s, %s', datname, pid, application_name, state, left(query, 200)) AS description
       FROM pg_stat_activity
      WHERE datname = ANY ($1) AND backend_type IN ('client backend', 'walsender', 'parallel worker')`,
    [databases],
  );
  return rows.map(({ description }) => description);
}

/** Drops databases and roles. @throws if somebody is still connected */
export async function dropAll(superuserUrl: string, databases: string[], roles: string[]): Promise<void> {
  const leaked = await withClient(superuserUrl, async (client) => {
    const deadline = Date.now() + GOODBYE_LIMIT_MS;
    let sessions = await leftOver(client, databases);
    while (sessions.length > 0 && Date.now() < deadline) {
      await delay(20);
      sessions = await leftOver(client, databases);
    }
    for (const database of databases) await client.query(`DROP DATABASE IF EXISTS ${id(database)} WITH (FORCE)`);
    for (const role of roles) await client.query(`DROP ROLE ${id(role)}`);
    return sessions;
  });
  if (leaked.length > 0) throw new Error(`Sessions were left over (a leak of a pool or lock):\n${leaked.join('\n')}`);
}

export interface TestDatabaseOptions {
  /**
   * The live database is used by a login role of its own with these attributes, a member of pp_release, which goes on to own
   * what is there. Attributes of pp_release itself hold for all test files at once.
   */
  login?: string;
}

/** Fresh databases for one test file, cloned from the run's templates. */
export async function createTestDatabases({ login }: TestDatabaseOptions = {}): Promise<TestDatabases> {
  const env = inject('stackEnv');
  const superuserUrl = inject('superuserUrl');
  const name = randomBytes(5).toString('hex');
  const [live, portal, reader] = [`test_${name}_live`, `test_${name}_portal`, `test_${name}_reader`];
  const member = login === undefined ? undefined : `test_${name}_login`;
  const password = randomBytes(12).toString('hex');
  await withClient(superuserUrl, async (client) => {
    await client.query(`CREATE DATABASE ${id(live)} OWNER pp_release TEMPLATE ${id(LIVE_TEMPLATE)}`);
    await client.query(`CREATE DATABASE ${id(portal)} OWNER portal_owner TEMPLATE ${id(PORTAL_TEMPLATE)}`);
    // A reader of its own: the limit of 5 connections holds for a role, and other test files run at the same time.
    await client.query(
      `CREATE ROLE ${id(reader)} LOGIN CONNECTION LIMIT 5 PASSWORD ${literal(password)} IN ROLE portal_reader`,
    );
    if (member) {
      await client.query(`CREATE ROLE ${id(member)} LOGIN ${login} PASSWORD ${literal(password)} IN ROLE pp_release`);
    }
    for (const [database, role] of [
      [live, 'pp_release'],
      [portal, 'portal_owner'],
      [portal, 'portal_reader'],
    ] as const) {
      // Rights on a database itself are not cloned with it.
      await client.query(`REVOKE ALL ON DATABASE ${id(database)} FROM PUBLIC`);
      await client.query(`GRANT CONNECT ON DATABASE ${id(database)} TO ${id(role)}`);
    }
  });
  const databases: TestDatabases = {
    databaseUrl: urlWith(env.PP_DATABASE_URL, { database: live, ...(member && { role: member, password }) }),
    portalUrl: urlWith(env.PP_PORTAL_DATABASE_URL, { database: portal }),
    portalReaderUrl: urlWith(env.PP_PORTAL_READER_URL, { database: portal, role: reader, password }),
    superuserUrl: urlWith(superuserUrl, { database: live }),
    drop: () => dropAll(superuserUrl, [live, portal], member ? [reader, member] : [reader]),
  };
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
  return databases;
}
