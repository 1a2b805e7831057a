import { Client } from 'pg';

/**
 * Portals gone bad, for tests. Each changes the portal behind `url` (its owner's) and answers how many rows it touched;
 * rows are taken in order of id among those a release would pass. The next seed() puts everything right.
 */

/** The current rows that pass, `n` of them; `polygons` leaves points out. */
const eligible = (condition = 'true') => `
  SELECT w.id FROM wdpa.wdpas w JOIN wdpa.data_restriction_levels r ON r.id = w.data_restriction_level_id
  WHERE w.archived_at IS NULL AND r.code IN ('not restricted', 'commercial restriction') AND ${condition}
  ORDER BY w.id LIMIT $1`;

const POLYGON = `EXISTS (SELECT FROM wdpa.spatial_data s WHERE s.wdpa_id = w.id AND s.is_polygon = 1)`;

/** `n` sites get a second current row of the same (site_id, parcel_id), with a shape of its own. */
export function duplicateSites(url: string, n: number): Promise<number> {
  return run(
    url,
    `WITH picked AS (${eligible(POLYGON)}), copied AS (
       INSERT INTO wdpa.wdpas SELECT (jsonb_populate_record(w, jsonb_build_object('id', -w.id))).*
       FROM wdpa.wdpas w JOIN picked USING (id) RETURNING id)
     INSERT INTO wdpa.spatial_data (id, wdpa_id, is_polygon, geom)
     SELECT -s.id, c.id, s.is_polygon, s.geom FROM copied c JOIN wdpa.spatial_data s ON s.wdpa_id = -c.id`,
    [n],
  );
}

/** `n` sites get a bow tie for a shape. */
export function invalidGeometries(url: string, n: number): Promise<number> {
  return run(
    url,
    `UPDATE wdpa.spatial_data SET geom = 'SRID=4326;POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))'
     WHERE is_polygon = 1 AND wdpa_id IN (${eligible(POLYGON)})`,
    [n],
  );
}

/** `n` shapes claim to be in Web Mercator: possible because spatial_data.geom is untyped. */
export function wrongSrid(url: string, n: number): Promise<number> {
  return run(
    url,
    `UPDATE wdpa.spatial_data SET geom = ST_SetSRID(geom, 3857)
     WHERE is_polygon = 1 AND wdpa_id IN (${eligible(POLYGON)})`,
    [n],
  );
}

/** `n` sites have no geometry, though a row for one. */
export function missingGeometries(url: string, n: number): Promise<number> {
  return run(
    url,
    `UPDATE wdpa.spatial_data SET geom = NULL
     WHERE is_polygon = 1 AND wdpa_id IN (${eligible(POLYGON)})`,
    [n],
  );
}

/** `n` sites are in the portal both as polygon and as point. */
export function pointsBesidePolygons(url: string, n: number): Promise<number> {
  return run(
    url,
    `INSERT INTO wdpa.spatial_data (id, wdpa_id, is_polygon, geom)
     SELECT -id, wdpa_id, 0, ST_PointOnSurface(geom) FROM wdpa.spatial_data
     WHERE is_polygon = 1 AND wdpa_id IN (${eligible(POLYGON)})`,
    [n],
  );
}

/** `n` rows do not say whether they are PA or OECM, which live requires. */
export function missingSiteTypes(url: string, n: number): Promise<number> {
  return run(url, `UPDATE wdpa.wdpas SET site_type_id = NULL WHERE id IN (${eligible()})`, [n]);
}

/** `n` rows have no parcel id: they join no aggregate and escape unique indexes. */
export function missingParcelIds(url: string, n: number): Promise<number> {
  return run(url, `UPDATE wdpa.wdpas SET parcel_id = NULL WHERE id IN (${eligible()})`, [n]);
}

/** All sites, sources and evaluations gone; catalogs stay. */
export function emptyPortal(url: string): Promise<number> {
  return run(
    url,
    `TRUNCATE wdpa.wdpas, wdpa.spatial_data, wdpa.source, pame.pame, pame.pame_sources, pame.greenlists CASCADE`,
  );
}

/** One table gone, with what hangs on it, for example `wdpa.source`. */
export function dropPortalTable(url: string, name: string): Promise<number> {
  const [, schema, table] = /^(wdpa|reference|pame)\.([a-z0-9_]+)$/.exec(name) ?? [];
  if (!schema || !table) throw new RangeError(`not a table of the portal: ${name}`);
  return run(url, `DROP TABLE "${schema}"."${table}" CASCADE`);
}

async function run(url: string, sql: string, values: unknown[] = []): Promise<number> {
  const client = new Client({ connectionString: url, application_name: 'pp-portal fault' });
  await client.connect();
  try {
    return (await client.query(sql, values)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
