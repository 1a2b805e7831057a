import { Client } from 'pg';
import { CATALOG_FILES, createPortalSchema, PortalError, portalSql } from './schema.ts';
import { countries, outlines } from './world.ts';

export interface SeedOptions {
  /** Database of the portal, as the owner of its tables. */
  url: string;
  /** How many distinct eligible sites (not archived, restriction allowed) month 0 has. */
  sites: number;
  seed?: number;
  /** The portal as it stands this many months later. */
  month?: number;
  /** Told each step as it begins. */
  progress?: (step: string) => void;
}

export interface SeedSummary {
  sites: number;
  parcels: number;
  points: number;
  polygons: number;
  sources: number;
  evaluations: number;
  greenList: number;
  seconds: number;
}

export const MAX_SITES = 2_000_000;

/**
 * Fills the portal. The same arguments give the same rows, whatever was there before: all is drawn from hashes of a
 * site's number, a purpose and the seed. One transaction: a seeding that is killed leaves the old portal whole, and a
 * reader sees the old one or the new one. Readers wait while the new rows go in, about a third of the time.
 */
export async function seed({
  url,
  sites,
  seed = 1,
  month = 0,
  progress = () => {},
}: SeedOptions): Promise<SeedSummary> {
  checkRange('sites', sites, 1, MAX_SITES);
  checkRange('seed', seed, 0, 2_147_483_647);
  checkRange('month', month, 0, 240);
  const started = performance.now();
  await createPortalSchema(url);
  const client = new Client({ connectionString: url, application_name: 'pp-portal seed' });
  await client.connect();
  const run = async (step: string, ...files: string[]) => {
    progress(step);
    for (const file of files) await client.query(fill(await portalSql(file), { sites, seed, month }));
  };
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL work_mem = '128MB'; SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL jit = off`);
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('pp-portal seed'))`);
    progress('countries');
    await loadWorld(client);
    await run('places in them', 'seed/01-world');
    await run('shapes', 'seed/02-shapes');
    await run('sites', 'seed/03-slots', 'seed/04-parcels', 'seed/05-names', 'seed/06-sources');
    await run('attributes', 'seed/07-wdpas', 'seed/08-junctions', 'seed/09-pame');
    progress('waiting for readers to finish');
    await lockPortal(client);
    await run('loading', 'empty', ...CATALOG_FILES, 'seed/10-load');
    await run('keys and indexes', 'keys');
    const summary = await summarize(client);
    await client.query('COMMIT');
    progress('statistics');
    // Outside the transaction: it clears away the rows of the last seeding, and lets the views plan well.
    await client.query(`VACUUM (ANALYZE) ${(await portalTables(client)).join(', ')}`);
    return { ...summary, seconds: Math.round((performance.now() - started) / 100) / 10 };
  } finally {
    await client.end();
  }
}

async function loadWorld(client: Client): Promise<void> {
  const shapes = (await outlines()).map(({ a3, geometry }) => ({ a3, geometry: JSON.stringify(geometry) }));
  await client.query(`CREATE TEMP TABLE w_outline (a3 text, geom geometry) ON COMMIT DROP`);
  await client.query(
    `INSERT INTO w_outline
     SELECT a3, ST_SetSRID(ST_GeomFromGeoJSON(geometry), 4326) FROM jsonb_to_recordset($1) AS o (a3 text, geometry text)`,
    [JSON.stringify(shapes)],
  );
  await client.query(
    `CREATE TEMP TABLE w_country (id integer PRIMARY KEY, iso3 text, name text, region text, parent_id integer,
                                  speech text, sites integer) ON COMMIT DROP`,
  );
  // Codes that a release meets without having a country row for them.
  const unlisted = [
    { iso3: 'ABNJ', name: 'High Seas', region: 'GL', parent: null, speech: 'en', sites: 20 },
    { iso3: 'ATA', name: 'Antarctica', region: 'PO', parent: null, speech: 'en', sites: 12 },
    { iso3: 'XKX', name: 'Kosovo', region: 'EU', parent: null, speech: 'en', sites: 180 },
  ];
  await client.query(
    `WITH c AS (
       SELECT c.* FROM ROWS FROM (jsonb_to_recordset($1) AS (
         iso3 text, name text, region text, parent text, speech text, sites integer)) WITH ORDINALITY
         AS c (iso3, name, region, parent, speech, sites, id))
     INSERT INTO w_country SELECT c.id, c.iso3, c.name, c.region, p.id, c.speech, c.sites
     FROM c LEFT JOIN c AS p ON p.iso3 = c.parent`,
    [JSON.stringify([...(await countries()), ...unlisted])],
  );
}

/**
 * Takes every table at once. A reader may hold one and want the next, so the seeding is the one to step back: it waits
 * for less than deadlock_timeout, and its savepoint gives back what it got.
 */
async function lockPortal(client: Client): Promise<void> {
  const tables = [...(await portalTables(client)), 'demo.seeding'].join(', ');
  for (let tries = 0; tries < 600; tries++) {
    await client.query(`SAVEPOINT locks; SET LOCAL lock_timeout = '500ms'`);
    try {
      await client.query(`LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`);
      await client.query('SET LOCAL lock_timeout = 0');
      return;
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT locks');
      await new Promise((resolve) => setTimeout(resolve, 250 + (tries % 7) * 50));
    }
  }
  throw new PortalError('the portal is in use: readers have held its tables for minutes; end them and seed again');
}

function isLockFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01');
}

async function portalTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('wdpa', 'reference', 'pame') ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

async function summarize(client: Client): Promise<Omit<SeedSummary, 'seconds'>> {
  const { rows } = await client.query<Omit<SeedSummary, 'seconds'>>(await portalSql('summary'));
  if (!rows[0]) throw new Error('summary.sql gave no row');
  return rows[0];
}

/** Puts the numbers for :sites, :seed and :month into SQL. They are checked integers; `::` casts are left alone. */
function fill(sql: string, values: Record<'sites' | 'seed' | 'month', number>): string {
  return sql.replaceAll(/(?<!:):(sites|seed|month)\b/g, (_, name: keyof typeof values) => String(values[name]));
}

function checkRange(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new RangeError(`${name} must be a whole number from ${from} to ${to}, not ${value}`);
  }
}
