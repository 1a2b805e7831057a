import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { CATALOG_MIGRATIONS_DIR } from '../../catalog/index.ts';
import { ADVISORY_KEY } from './advisory_keys.ts';
import { connect } from './database.ts';

const OPERATIONAL_MIGRATIONS_DIR = fileURLToPath(new URL('./migrations/', import.meta.url));

/**
 * Brings the live database up to date: the orchestrator's own tables (schema pp_release, releases, release_events) and
 * the catalog's. All pending migrations run in one transaction each set. What an older system left there stays as it is.
 *
 * @param databaseUrl owner role of the live database; the extensions postgis and postgres_fdw must be there or creatable
 * @throws pg.DatabaseError as PostgreSQL gives it; nothing is half done
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = await connect(databaseUrl, 'pp-release migrate');
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_KEY.installation]);
    await client.query(
      `create extension if not exists postgis; create extension if not exists postgres_fdw;
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
