import { Client } from 'pg';
import { countries } from './world.ts';

/** The website's eight regions; ids follow this order. */
const REGIONS = [
  ['AS', 'Asia & Pacific'],
  ['AF', 'Africa'],
  ['EU', 'Europe'],
  ['SA', 'Latin America & Caribbean'],
  ['PO', 'Polar'],
  ['NA', 'North America'],
  ['GL', 'Global'],
  ['WA', 'West Asia'],
] as const;

/**
 * Fills `regions` and `countries` of the live database where they are empty; a release never writes their rows, it only
 * looks them up. Ids are by position, so that every database gets the same ones. As upstream, there is no row for
 * Antarctica (ATA), the high seas (ABNJ) or Kosovo (XKX), although sites carry those codes.
 */
export async function seedReference(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'pp-portal reference' });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('LOCK TABLE regions, countries IN SHARE ROW EXCLUSIVE MODE');
    await client.query(FILL_REGIONS, [JSON.stringify(REGIONS)]);
    await client.query(FILL_COUNTRIES, [JSON.stringify(await countries())]);
    for (const table of ['regions', 'countries']) {
      await client.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table}`);
    }
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

const FILL_REGIONS = `
  INSERT INTO regions (id, iso, name, created_at, updated_at)
  SELECT n, r->>0, r->>1, '2015-01-01', '2015-01-01'
  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS e (r, n)
  WHERE NOT EXISTS (SELECT FROM regions)`;

const FILL_COUNTRIES = `
  WITH c AS (
    SELECT e.* FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
      iso3 text, iso2 text, name text, region text, parent text, language text)) WITH ORDINALITY
      AS e (iso3, iso2, name, region, parent, language, n))
  INSERT INTO countries (id, name, iso, iso_3, language, region_id, country_id, created_at, updated_at)
  SELECT c.n, c.name, c.iso2, c.iso3, c.language, r.id, p.n, '2015-01-01', '2015-01-01'
  FROM c JOIN regions r ON r.iso = c.region LEFT JOIN c AS p ON p.iso3 = c.parent
  WHERE NOT EXISTS (SELECT FROM countries)`;
