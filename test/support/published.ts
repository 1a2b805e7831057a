import type { Rooms } from './rooms.ts';

type Row = Record<string, unknown>;

export interface Reject {
  importer: string;
  reason: string;
  details: Row | null;
}

/** What the newest release has put into staging, lookups shown by name. */
export class Published {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** The row of a site. */
  async site(site: number): Promise<Row | undefined> {
    return (await this.#rows('staging_protected_areas', 'protected_area', site))[0];
  }

  /** The rows of its parcels, by pid. */
  parcels(site: number): Promise<Row[]> {
    return this.#rows('staging_protected_area_parcels', 'protected_area_parcel', site);
  }

  /** Of each parcel only the pid. */
  async pids(site: number): Promise<unknown[]> {
    return (await this.parcels(site)).map((row) => row.site_pid);
  }

  /** Rows of a staging view by site. */
  view(name: string, site: number): Promise<Row[]> {
    return this.#rooms.rows(`select * from staging_${name} where site_id = $1 order by site_pid`, [site]);
  }

  /** Rows set aside with this key: a site, a `site/pid`, or what the importer calls the row. */
  rejects(key: number | string): Promise<Reject[]> {
    return this.#rooms.rows(
      `select importer, reason, details from pp_release.rejects
       where release_id = (select max(id) from releases) and (row_key = $1 or split_part(row_key, '/', 1) = $1)
       order by importer, reason, details::text`,
      [String(key)],
    );
  }

  #rows(table: string, one: string, site: number): Promise<Row[]> {
    const name = (lookup: string, key: string) => `(select l.name from staging_${lookup} l where l.id = a.${key})`;
    return this.#rooms.rows(
      `select a.*, st_asewkt(a.the_geom) as shape, ${name('legal_statuses', 'legal_status_id')} as legal_status,
         ${name('iucn_categories', 'iucn_category_id')} as iucn_category, ${name('realms', 'realm_id')} as realm,
         ${name('governances', 'governance_id')} as governance,
         ${name('management_authorities', 'management_authority_id')} as management_authority,
         d.name as designation, j.name as jurisdiction, n.name as no_take, n.area as no_take_area,
         legal_status_updated_at::date::text as legal_status_date, gl.gl_status, gl.gl_expiry::text, gl.gl_link,
         array(select c.iso_3::text from staging_countries_${table.replace('staging_', '')} x
               join countries c on c.id = x.country_id where x.${one}_id = a.id order by 1) as countries,
         array(select s.title::text from ${table}_sources x
               join staging_sources s on s.id = x.source_id where x.${one}_id = a.id order by 1) as sources
       from ${table} a
       left join staging_designations d on d.id = a.designation_id
       left join staging_jurisdictions j on j.id = d.jurisdiction_id
       left join staging_no_take_statuses n on n.id = a.no_take_status_id
       left join staging_green_list_statuses gl on gl.id = a.green_list_status_id
       where a.site_id = $1 order by a.site_pid`,
      [site],
    );
  }
}
