import { Client } from 'pg';
import { createTestDatabases } from './database.ts';
import { openRooms, type Rooms } from './rooms.ts';

/** A row of a portal table: its columns by name. */
type Row = Record<string, unknown>;

/** A catalog entry by its code, or with what its description says. Made if the catalog has none with that code. */
export type Entry = string | null | { code: string; description: Row | null };

/** One row of wdpa.wdpas with all that hangs on it. What is not named takes a default, or is NULL. */
export interface SiteRow {
  site: number;
  /** Default: the site's number as text. */
  pid?: string | null;
  /** Well-known text of a polygon (default: a square), or of a point; null: no row of spatial_data. */
  polygon?: string | null;
  point?: string | null;
  /** Codes of data_restriction_levels and site_type_cat. */
  restriction?: string | null;
  type?: Entry;
  realm?: Entry;
  designation?: Entry;
  jurisdiction?: Entry;
  iucn?: Entry;
  noTake?: Entry;
  status?: Entry;
  governance?: Entry;
  owner?: Entry;
  verif?: Entry;
  objective?: Entry;
  waters?: Entry;
  iso3?: string[];
  parents?: string[];
  criteria?: Entry[];
  governanceSubtypes?: Entry[];
  ownershipSubtypes?: Entry[];
  assessments?: Entry[];
  archived?: boolean;
  /** Any other column of wdpa.wdpas. */
  columns?: Row;
}

/** Default shape: one square for every site. */
export const SQUARE = 'SRID=4326;POLYGON((10 10, 10 12, 12 12, 12 10, 10 10))';
export const POINT = 'SRID=4326;POINT(20 5)';

const CATALOGS = {
  type: ['site_type_id', 'wdpa.site_type_cat'],
  realm: ['realm_id', 'wdpa.realm_cat'],
  designation: ['english_designation_id', 'wdpa.designation_eng_cat'],
  jurisdiction: ['designation_type_id', 'wdpa.designation_type_cat'],
  iucn: ['iucn_category_id', 'wdpa.iucn_category_cat'],
  noTake: ['no_take_id', 'wdpa.no_take_cat'],
  status: ['status_id', 'wdpa.status_cat'],
  governance: ['governance_type_id', 'wdpa.governance_type_cat'],
  owner: ['ownership_type_id', 'wdpa.ownership_type_cat'],
  verif: ['verification_id', 'wdpa.verification_cat'],
  objective: ['conservation_objective_id', 'wdpa.conservation_objective_cat'],
  waters: ['inland_waters_id', 'wdpa.inland_waters_cat'],
} as const;

const LISTS = {
  criteria: [
    'wdpa.wdpa_international_criteria',
    'international_criteria_cat_id',
    'reference.international_criteria_cat',
  ],
  governanceSubtypes: ['wdpa.wdpa_governance_subtypes', 'governance_subtype_cat_id', 'wdpa.governance_subtype_cat'],
  ownershipSubtypes: ['wdpa.wdpa_ownership_subtypes', 'ownership_subtype_cat_id', 'wdpa.ownership_subtype_cat'],
  assessments: ['wdpa.wdpa_oecm_assessments', 'oecm_assessment_cat_id', 'wdpa.oecm_assessment_cat'],
} as const;

/** A portal made by hand, row by row, beside a live database; `rooms` makes releases of it. */
export class PortalRows {
  readonly rooms: Rooms;
  readonly #client: Client;
  #nextId = 1;

  constructor(rooms: Rooms, client: Client) {
    this.rooms = rooms;
    this.#client = client;
  }

  async insert(table: string, row: Row): Promise<number> {
    const id = this.#nextId++;
    const values = { id, ...row };
    const columns = Object.keys(values).filter((name) => !(name === 'id' && row.id === null));
    const list = columns.map((name) => `"${name}"`).join(', ');
    await this.#client.query(
      `insert into ${table} (${list}) select ${list} from json_populate_record(null::${table}, $1)`,
      [JSON.stringify(values)],
    );
    return Number(values.id);
  }

  /** Any statement on the portal. */
  async query(sql: string, values: unknown[] = []): Promise<void> {
    await this.#client.query(sql, values);
  }

  /** The id of a catalog's entry. */
  async entry(catalog: string, entry: Entry): Promise<number | null> {
    if (entry === null) return null;
    const { code, description } = typeof entry === 'string' ? { code: entry, description: null } : entry;
    const { rows } = await this.#client.query<{ id: number }>(`select id from ${catalog} where code = $1`, [code]);
    return rows[0]?.id ?? this.insert(catalog, { id: 10_000 + this.#nextId, code, description });
  }

  /** A row of wdpa.wdpas. @returns its id */
  async site(row: SiteRow): Promise<number> {
    const references: Row = {};
    for (const [name, [column, catalog]] of Object.entries(CATALOGS)) {
      const entry = row[name as keyof typeof CATALOGS];
      if (entry !== undefined) references[column] = await this.entry(catalog, entry);
    }
    const id = await this.insert('wdpa.wdpas', {
      site_id: row.site,
      parcel_id: row.pid === undefined ? String(row.site) : row.pid,
      english_name: `Site ${row.site}`,
      site_type_id: await this.entry('wdpa.site_type_cat', 'PA'),
      data_restriction_level_id: await this.#restriction(row.restriction),
      archived_at: row.archived ? '2020-01-01' : null,
      ...references,
      ...row.columns,
    });
    const polygon = row.polygon === undefined && row.point === undefined ? SQUARE : row.polygon;
    if (polygon) await this.shape(id, 1, polygon);
    if (row.point) await this.shape(id, 0, row.point);
    await this.#codes(id, 'wdpa.wdpa_iso3', 'iso3_id', row.iso3);
    await this.#codes(id, 'wdpa.wdpa_parent_iso3', 'parent_iso3_id', row.parents);
    for (const [name, [junction, column, catalog]] of Object.entries(LISTS)) {
      for (const entry of row[name as keyof typeof LISTS] ?? []) {
        await this.insert(junction, { id: null, wdpa_id: id, [column]: await this.entry(catalog, entry) });
      }
    }
    return id;
  }

  /** A row of wdpa.spatial_data; no text: a row without a geometry. */
  async shape(wdpaId: number, isPolygon: number, text: string | null): Promise<void> {
    await this.query(`insert into wdpa.spatial_data (id, wdpa_id, is_polygon, geom) values ($1, $2, $3, $4)`, [
      this.#nextId++,
      wdpaId,
      isPolygon,
      text,
    ]);
  }

  /** A row of wdpa.source. @returns its id, for `columns: { source_id }` */
  source(columns: Row): Promise<number> {
    return this.insert('wdpa.source', columns);
  }

  /** A row of pame.pame; its source is made if none is named. */
  async evaluation(row: { site: number; pid?: string | null; method?: Entry; columns?: Row }): Promise<number> {
    return this.insert('pame.pame', {
      site_id: row.site,
      parcel_id: row.pid === undefined ? String(row.site) : row.pid,
      method_id: await this.entry('pame.method_cat', row.method === undefined ? 'METT' : row.method),
      ...row.columns,
      pame_source_id: row.columns?.pame_source_id ?? (await this.pameSource({ eff_metaid: this.#nextId })),
    });
  }

  pameSource(columns: Row): Promise<number> {
    return this.insert('pame.pame_sources', columns);
  }

  /** A row of pame.greenlists; null: a record without a status. */
  async greenList(row: { site: number; pid?: string | null; status?: Entry; columns?: Row }): Promise<number> {
    return this.insert('pame.greenlists', {
      site_id: row.site,
      parcel_id: row.pid === undefined ? String(row.site) : row.pid,
      gl_status_id: await this.entry(
        'pame.greenlist_status_cat',
        row.status === undefined ? 'Green Listed' : row.status,
      ),
      ...row.columns,
    });
  }

  async close(): Promise<void> {
    await this.#client.end();
    await this.rooms.close();
  }

  async #restriction(code: string | null = 'not restricted'): Promise<number | null> {
    if (code === null) return null;
    const { rows } = await this.#client.query('select id from wdpa.data_restriction_levels where code = $1', [code]);
    return rows[0]?.id ?? this.insert('wdpa.data_restriction_levels', { id: 10_000 + this.#nextId, code });
  }

  async #codes(wdpaId: number, junction: string, column: string, codes: string[] = []): Promise<void> {
    for (const code of codes) {
      const { rows } = await this.#client.query('select id from reference.iso3 where code = $1', [code]);
      const id = rows[0]?.id ?? (await this.insert('reference.iso3', { id: 10_000 + this.#nextId, code }));
      await this.insert(junction, { id: null, wdpa_id: wdpaId, [column]: id });
    }
  }
}

/** An empty portal with its catalogs, and a live database with regions and countries. */
export async function openPortalRows(): Promise<PortalRows> {
  const databases = await createTestDatabases();
  const client = new Client({ connectionString: databases.portalUrl, application_name: 'portal rows' });
  await client.connect();
  return new PortalRows(await openRooms(0, databases), client);
}
