import type { Client } from 'pg';
import { countries, outlines } from './world.ts';

/** Codes that sites carry and a release has no country row for. */
const WITHOUT_COUNTRY_ROW = [
  { iso3: 'ABNJ', name: 'High Seas', region: 'GL', parent: null, speech: 'en', sites: 20 },
  { iso3: 'ATA', name: 'Antarctica', region: 'PO', parent: null, speech: 'en', sites: 12 },
  { iso3: 'XKX', name: 'Kosovo', region: 'EU', parent: null, speech: 'en', sites: 180 },
];

/** Makes the work tables w_outline and w_country, which sql/seed/01-world.sql goes on with. */
export async function loadWorld(client: Client): Promise<void> {
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
  await client.query(
    `WITH c AS (
       SELECT c.* FROM ROWS FROM (jsonb_to_recordset($1) AS (
         iso3 text, name text, region text, parent text, speech text, sites integer)) WITH ORDINALITY
         AS c (iso3, name, region, parent, speech, sites, id))
     INSERT INTO w_country SELECT c.id, c.iso3, c.name, c.region, p.id, c.speech, c.sites
     FROM c LEFT JOIN c AS p ON p.iso3 = c.parent`,
    [JSON.stringify([...(await countries()), ...WITHOUT_COUNTRY_ROW])],
  );
}
