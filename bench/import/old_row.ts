import type pg from 'pg';

type Row = Record<string, string | number | null>;

/** Target column and view column of what is copied as it is. */
const COPIED: [string, string][] = [
  ['site_id', 'site_id'],
  ['site_pid', 'site_pid'],
  ['wdpa_id', 'site_id'],
  ['wdpa_pid', 'site_pid'],
  ['name', 'name_eng'],
  ['original_name', 'name'],
  ['site_type', 'site_type'],
  ['reported_marine_area', 'rep_m_area'],
  ['reported_area', 'rep_area'],
  ['gis_marine_area', 'gis_m_area'],
  ['gis_area', 'gis_area'],
  ['parent_iso3', 'prnt_iso3'],
  ['governance_subtype', 'govsubtype'],
  ['management_plan', 'mang_plan'],
  ['owner_type', 'own_type'],
  ['ownership_subtype', 'ownsubtype'],
  ['inland_waters', 'inlnd_wtrs'],
  ['oecm_assessment', 'oecm_asmt'],
  ['international_criteria', 'int_crit'],
  ['supplementary_info', 'supp_info'],
  ['conservation_objectives', 'cons_obj'],
  ['verif', 'verif'],
];

/** Found by name, or made. */
const LOOKUPS: [column: string, table: string, from: string][] = [
  ['realm_id', 'realms', 'realm'],
  ['legal_status_id', 'legal_statuses', 'status'],
  ['iucn_category_id', 'iucn_categories', 'iucn_cat'],
  ['governance_id', 'governances', 'gov_type'],
  ['management_authority_id', 'management_authorities', 'mang_auth'],
];

/** One row in one transaction, as the old importer did it; its geometry came later, with one UPDATE for a whole view. */
export async function importRow(session: pg.ClientBase, row: Row): Promise<{ statements: number; failed: boolean }> {
  let statements = 0;
  const ask = async (sql: string, values: unknown[] = []) => {
    statements += 1;
    return (await session.query<{ id: number }>(sql, values)).rows[0]?.id;
  };
  const findOrMake = async (table: string, name: unknown, more: [string, unknown][] = []) => {
    const columns = ['name', ...more.map(([column]) => column)];
    const values = [name, ...more.map(([, value]) => value)];
    const same = columns.map((column, at) => `${column} is not distinct from $${at + 1}`).join(' and ');
    const found = await ask(`select id from ${table} where ${same} limit 1`, values);
    const places = columns.map((_, at) => `$${at + 1}`).join(', ');
    return (
      found ??
      ask(
        `insert into ${table} (${columns.join(', ')}, created_at, updated_at) values (${places}, now(), now()) returning id`,
        values,
      )
    );
  };
  try {
    await ask('begin');
    const values = new Map<string, unknown>(COPIED.map(([target, source]) => [target, row[source]]));
    for (const [column, table, from] of LOOKUPS) values.set(column, await findOrMake(table, row[from]));
    const jurisdiction = await findOrMake('jurisdictions', row.desig_type);
    values.set('designation_id', await findOrMake('designations', row.desig_eng, [['jurisdiction_id', jurisdiction]]));
    const noTake = 'insert into no_take_statuses (name, area, created_at, updated_at) values ($1, $2, now(), now())';
    values.set('no_take_status_id', await ask(`${noTake} returning id`, [row.no_take, row.no_tk_area]));
    values.set('is_oecm', String(row.site_type).toLowerCase() === 'oecm');
    values.set('marine', ['marine', 'coastal'].includes(String(row.realm).toLowerCase()));

    const isParcel = String(row.site_pid).includes('_');
    const table = isParcel ? 'protected_area_parcels' : 'protected_areas';
    const key = isParcel ? 'protected_area_parcel_id' : 'protected_area_id';
    const countries: (number | undefined)[] = [];
    for (const code of String(row.iso3 ?? '').split(';'))
      countries.push(await ask('select id from countries where iso_3 = $1 order by id limit 1', [code.trim()]));
    const source = await ask('select id from next.sources where metadataid = $1 order by id limit 1', [row.metadataid]);
    const columns = [...values.keys()];
    const places = columns.map((_, at) => `$${at + 1}`).join(', ');
    const id = await ask(
      `insert into ${table} (${columns.join(', ')}, created_at, updated_at) values (${places}, now(), now()) returning id`,
      [...values.values()],
    );
    for (const country of countries.filter((found) => found !== undefined))
      await ask(`insert into countries_${table} (country_id, ${key}) values ($1, $2)`, [country, id]);
    if (source !== undefined)
      await ask(`insert into ${table}_sources (${key}, source_id) values ($1, $2)`, [id, source]);
    const words = [row.site_id, ...(isParcel ? [row.site_pid] : []), row.name_eng, row.desig_eng].join(' ');
    await ask(`update ${table} set slug = catalog_slug($2) where id = $1`, [id, words]);
    await ask('commit');
    return { statements, failed: false };
  } catch {
    // A row error of the old system: the row is left out, and the run goes on.
    await ask('rollback');
    return { statements, failed: true };
  }
}
