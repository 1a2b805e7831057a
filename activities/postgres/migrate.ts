import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { CATALOG_MIGRATIONS_DIR } from '../../catalog/index.ts';
import { ADVISORY_KEY } from './advisory_keys.ts';
import { connect, type Session } from './database.ts';

const OPERATIONAL_MIGRATIONS_DIR = fileURLToPath(new URL('./migrations/', import.meta.url));

/** Folders of migrations in the order in which they are applied, with the tables of pp_release that say what was. */
const MIGRATIONS = [
  [OPERATIONAL_MIGRATIONS_DIR, 'migrations'],
  [CATALOG_MIGRATIONS_DIR, 'catalog_migrations'],
] as const;

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
    for (const [dir, table] of MIGRATIONS) await applyMigrations(client, dir, table);
  } finally {
    await client.end();
  }
}

/** Names of the migrations of this code that the database lacks, in the order in which `migrate` applies them. */
export async function pendingMigrations(session: Session): Promise<string[]> {
  const pending: string[] = [];
  for (const [dir, table] of MIGRATIONS) {
    const names = readdirSync(dir)
      .filter((file) => file.endsWith('.sql'))
      .map((file) => file.slice(0, -'.sql'.length))
      .sort();
    const { rows } = await session.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
      `pp_release.${table}`,
    ]);
    const applied = rows[0]?.there
      ? (await session.query<{ name: string }>(`select name from pp_release.${table}`)).rows.map(({ name }) => name)
      : [];
    pending.push(...names.filter((name) => !applied.includes(name)));
  }
  return pending;
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
