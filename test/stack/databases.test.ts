import { describe, expect, inject, test } from 'vitest';
import { withClient } from '../../local/stack/postgres/server.ts';
import { createTestDatabases } from '../support/database.ts';

const rowsOf = (url: string, sql: string) =>
  withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);

describe('the databases of the private stack', () => {
  test('the release role is no superuser, but may do what a release needs', async () => {
    const { PP_DATABASE_URL: url } = inject('stackEnv');
    const [role] = await rowsOf(
      url,
      `SELECT rolsuper, rolcreaterole, rolcreatedb, pg_has_role('pg_read_all_stats', 'member') AS reads_stats,
              has_parameter_privilege('deadlock_timeout', 'SET') AS sets_deadlock_timeout,
              has_foreign_data_wrapper_privilege('postgres_fdw', 'USAGE') AS uses_fdw,
              has_database_privilege(current_database(), 'CREATE') AS creates_schemas
         FROM pg_roles WHERE rolname = current_user`,
    );
    expect(role).toEqual({
      rolsuper: false,
      rolcreaterole: false,
      rolcreatedb: false,
      reads_stats: true,
      sets_deadlock_timeout: true,
      uses_fdw: true,
      creates_schemas: true,
    });
    await rowsOf(url, 'CREATE EXTENSION IF NOT EXISTS btree_gist');
  });

  test('the server gives up no durability, and listens on loopback only', async () => {
    const settings = await rowsOf(
      inject('superuserUrl'),
      `SELECT name, setting FROM pg_settings
        WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'unix_socket_directories')
        ORDER BY name`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      listen_addresses: '127.0.0.1',
      synchronous_commit: 'on',
      unix_socket_directories: '',
    });
  });

  test('a test file gets linked databases of its own, whose reader sees what the owner makes and changes nothing', async () => {
    const databases = await createTestDatabases();
    await rowsOf(databases.portalUrl, 'CREATE SCHEMA later');
    await rowsOf(databases.portalUrl, 'CREATE TABLE later.made AS SELECT 1 AS one');
    expect(await rowsOf(databases.portalReaderUrl, 'SELECT one FROM later.made')).toEqual([{ one: 1 }]);
    await expect(rowsOf(databases.portalReaderUrl, 'DELETE FROM later.made')).rejects.toThrow('permission denied');
    expect(await rowsOf(databases.databaseUrl, 'SELECT count(*)::int > 100 AS many FROM countries')).toEqual([
      { many: true },
    ]);
    await databases.drop();
  });

  test('a session left open fails the test that left it', async () => {
    const databases = await createTestDatabases();
    await expect(
      withClient(databases.databaseUrl, async (client) => {
        await client.query('SELECT pg_advisory_lock(1)');
        // The connection is cut by the drop, so the client cannot end it well: that is the point.
        await databases.drop();
      }),
    ).rejects.toThrow(/left over.*pg_advisory_lock/s);
  });
});
