import { Client } from 'pg';
import { loadWorld } from './load-world.ts';
import { CATALOG_FILES, createPortalSchema, portalSql } from './schema.ts';
import { lockPortal, portalTables } from './tables.ts';

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

/** What seed() last filled the portal with; undefined if it never ran to its end there. */
export async function lastSeeding(url: string): Promise<{ sites: number; seed: number; month: number } | undefined> {
  const client = new Client({ connectionString: url, application_name: 'pp-portal seed' });
  await client.connect();
  try {
    const there = await client.query<{ there: boolean }>(`SELECT to_regclass('demo.seeding') IS NOT NULL AS there`);
    if (!there.rows[0]?.there) return undefined;
    const { rows } = await client.query<{ sites: number; seed: number; month: number }>(
      'SELECT sites, seed::integer AS seed, month FROM demo.seeding',
    );
    return rows[0];
  } finally {
    await client.end();
  }
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
