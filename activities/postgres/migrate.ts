import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { CATALOG_MIGRATIONS_DIR } from '../../catalog/index.ts';

const OPERATIONAL_MIGRATIONS_DIR = fileURLToPath(new URL('./migrations/', import.meta.url));

/** Serialises concurrent installers; the migration tool itself would fail the second one. */
const INSTALL_LOCK = 42000002;

/**
 * Brings the live database up to date: the orchestrator's own tables (schema pp_release, releases, release_events) and
 * the catalog's. All pending migrations run in one transaction each set. What an older system left there stays as it is.
 *
 * @param databaseUrl owner role of the live database; the extensions postgis and postgres_fdw must be there or creatable
 * @throws pg.DatabaseError as PostgreSQL gives it; nothing is half done
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'pp-release migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [INSTALL_LOCK]);
    await client.query(
      `set client_min_messages = warning; set search_path = public;
       create extension if not exists postgis; create extension if not exists postgres_fdw;
       create schema if not exists pp_release`,
    );
    await applyMigrations(client, OPERATIONAL_MIGRATIONS_DIR, 'migrations');
    await applyMigrations(client, CATALOG_MIGRATIONS_DIR, 'catalog_migrations');
  } finally {
    await client.end();
  }
}

async function applyMigrations(dbClient: pg.Client, dir: string, migrationsTable: string): Promise<void> {
  const silent = () => undefined;
  await runner({
    dbClient,
    dir,
    direction: 'up',
    migrationsTable,
    migrationsSchema: 'pp_release',
    ignorePattern: '(?!.*\\.sql$).*',
    singleTransaction: true,
    noLock: true,
    logger: { info: silent, debug: silent, warn: console.warn, error: console.error },
  });
}
