import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { StackError } from '../stack/errors.ts';

/**
 * Makes the portal's schemas (wdpa, reference, pame), tables, keys and catalogs in the database behind `url`, which the
 * connecting role must own. Safe to run again, on an empty portal or a full one. Throws StackError where PostGIS cannot
 * be had, and PostgreSQL's own error otherwise.
 */
export async function createPortalSchema(url: string): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'pp-portal schema' });
  await client.connect();
  try {
    await requirePostgis(client);
    await client.query('BEGIN');
    // Two at once would collide on CREATE SCHEMA IF NOT EXISTS, which checks before it locks.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('pp-portal schema'))`);
    for (const file of ['tables', 'functions', ...CATALOG_FILES, 'keys', 'reader']) {
      await client.query(await portalSql(file));
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** In the order they must run; seed() runs them too, so that it starts from the same catalogs every time. */
export const CATALOG_FILES = ['catalogs', 'designations', 'catalogs-pame'];

/** The text of local/portal/sql/<name>.sql. */
export function portalSql(name: string): Promise<string> {
  return readFile(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
}

async function requirePostgis(client: Client): Promise<void> {
  const found = await client.query<{ there: boolean; available: boolean; database: string }>(
    `SELECT to_regtype('geometry') IS NOT NULL AS there, current_database() AS database,
            EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') AS available`,
  );
  const row = found.rows[0];
  if (!row || row.there) return;
  if (!row.available) {
    throw new StackError(
      "PostGIS is missing on the portal's server.",
      'its PostgreSQL does not offer the extension postgis',
      'install it there (Debian/Ubuntu: apt-get install postgresql-15-postgis-3; Fedora: dnf install postgis; macOS: brew install postgis)',
    );
  }
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS postgis');
  } catch (error) {
    throw new StackError(
      `The database "${row.database}" lacks PostGIS.`,
      error instanceof Error ? error.message : String(error),
      'as a superuser, run in it: CREATE EXTENSION postgis',
    );
  }
}
