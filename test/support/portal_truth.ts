import type { ReleaseHarness } from './release.ts';

/**
 * What a release has to make of the portal, worked out apart from the catalog's SQL: each row is read from the portal's
 * own tables, and placed by the rules of the domain in plain TypeScript.
 */
export interface Published {
  site_id: number;
  site_pid: string;
  polygon: boolean;
  site_type: string | null;
  [column: string]: unknown;
}

/** The English description of a catalog entry, else its code. */
const label = (catalog: string, id: string, length: number) =>
  `left((select coalesce(c.description ->> 'en', c.code) from ${catalog} c where c.id = ${id}), ${length})`;

const labels = (junction: string, catalog: string, column: string, length: number) =>
  `left((select string_agg(label, ';' order by label) from (
     select distinct coalesce(c.description ->> 'en', c.code) as label
     from ${junction} j join ${catalog} c on c.id = j.${column} where j.wdpa_id = w.id) labels), ${length})`;

const codes = (junction: string, column: string) =>
  `(select array_agg(i.code order by i.code) from ${junction} j join reference.iso3 i on i.id = j.${column} where j.wdpa_id = w.id)`;

const PUBLISHED = `
  select w.site_id::int, w.parcel_id as site_pid, s.is_polygon = 1 as polygon,
    left(w.english_name, 254) as name, left(w.original_name, 254) as original_name,
    ${label('wdpa.site_type_cat', 'w.site_type_id', 20)} as site_type,
    ${label('wdpa.realm_cat', 'w.realm_id', 20)} as realm,
    case when w.english_designation_id is null then left(w.english_designation_text, 254)
         else ${label('wdpa.designation_eng_cat', 'w.english_designation_id', 254)} end as designation,
    ${label('wdpa.designation_type_cat', 'w.designation_type_id', 20)} as jurisdiction,
    ${label('wdpa.iucn_category_cat', 'w.iucn_category_id', 20)} as iucn_category,
    ${label('wdpa.status_cat', 'w.status_id', 100)} as legal_status, w.status_year,
    ${label('wdpa.governance_type_cat', 'w.governance_type_id', 254)} as governance,
    ${label('wdpa.ownership_type_cat', 'w.ownership_type_id', 254)} as owner_type,
    ${label('wdpa.verification_cat', 'w.verification_id', 20)} as verif,
    ${label('wdpa.no_take_cat', 'w.no_take_id', 50)} as no_take, w.no_take_area::float8 as no_take_area,
    ${label('wdpa.conservation_objective_cat', 'w.conservation_objective_id', 100)} as conservation_objectives,
    ${label('wdpa.inland_waters_cat', 'w.inland_waters_id', 100)} as inland_waters,
    ${labels('wdpa.wdpa_governance_subtypes', 'wdpa.governance_subtype_cat', 'governance_subtype_cat_id', 254)} as governance_subtype,
    ${labels('wdpa.wdpa_ownership_subtypes', 'wdpa.ownership_subtype_cat', 'ownership_subtype_cat_id', 254)} as ownership_subtype,
    ${labels('wdpa.wdpa_oecm_assessments', 'wdpa.oecm_assessment_cat', 'oecm_assessment_cat_id', 254)} as oecm_assessment,
    ${labels('wdpa.wdpa_international_criteria', 'reference.international_criteria_cat', 'international_criteria_cat_id', 100)} as international_criteria,
    left(w.management_authority, 254) as management_authority, left(w.management_plan, 254) as management_plan,
    left(w.supplemental_info, 254) as supplementary_info,
    w.reported_area::float8 as reported_area, w.reported_marine_area::float8 as reported_marine_area,
    w.gis_area::float8 as gis_area, w.gis_marine_area::float8 as gis_marine_area,
    ${codes('wdpa.wdpa_iso3', 'iso3_id')} as countries, ${codes('wdpa.wdpa_parent_iso3', 'parent_iso3_id')} as parents,
    (select originator_id from wdpa.source where id = w.source_id) as metadataid,
    encode(st_asewkb(s.geom), 'hex') as geometry,
    st_x(st_centroid(s.geom))::text as longitude, st_y(st_centroid(s.geom))::text as latitude
  from wdpa.wdpas w
  join wdpa.spatial_data s on s.wdpa_id = w.id
  where w.archived_at is null and w.data_restriction_level_id in (
    select id from wdpa.data_restriction_levels where code in ('not restricted', 'commercial restriction'))
  order by w.site_id, w.parcel_id`;

export async function publishedRows(harness: ReleaseHarness): Promise<Published[]> {
  return (await harness.portal<Published>(PUBLISHED)).filter((row) => row.site_type !== null);
}

export interface Expected {
  sites: Record<string, unknown>[];
  parcels: Record<string, unknown>[];
}

/** Which rows stand for a site and which are parcels, with the values that live must show. */
export async function expectedRows(harness: ReleaseHarness): Promise<Expected> {
  const known = new Set((await harness.live<{ iso_3: string }>('select iso_3 from countries')).map((row) => row.iso_3));
  const bySite = new Map<number, Published[]>();
  for (const row of await publishedRows(harness)) bySite.set(row.site_id, [...(bySite.get(row.site_id) ?? []), row]);
  const expected: Expected = { sites: [], parcels: [] };
  for (const rows of bySite.values()) {
    const parted = rows.filter((row) => row.site_pid.includes('_'));
    const candidates = parted.some((row) => !row.polygon) ? parted.filter((row) => !row.polygon) : parted;
    const representative = candidates.toSorted(byPid)[0] ?? rows[0];
    if (!representative) throw new Error('a site without rows');
    expected.sites.push(shown(representative, known, false));
    if (parted.length > 0) expected.parcels.push(...rows.map((row) => shown(row, known, true)));
  }
  return expected;
}

const byPid = (a: Published, b: Published) => (a.site_pid < b.site_pid ? -1 : 1);

function shown(row: Published, knownCountries: Set<string>, isParcel: boolean): Record<string, unknown> {
  const { polygon, status_year, parents, countries, realm, site_type, metadataid, ...rest } = row;
  const marineType = { coastal: 1, marine: 2 }[String(realm).toLowerCase()] ?? 0;
  const words = [row.site_id, ...(isParcel ? [row.site_pid] : []), row.name, row.designation];
  return {
    ...rest,
    wdpa_id: row.site_id,
    wdpa_pid: row.site_pid,
    site_type,
    realm,
    is_oecm: site_type?.toLowerCase() === 'oecm',
    marine: marineType > 0,
    marine_type: marineType,
    ...(polygon ? {} : { gis_area: null, gis_marine_area: null }),
    jurisdiction: row.designation === null ? null : row.jurisdiction,
    legal_status_year: status_year || null,
    parent_iso3: (parents as string[] | null)?.join(';') ?? null,
    slug: slugOf(words.filter((word) => word !== null).join(' ')),
    countries: ((countries as string[] | null) ?? []).filter((code) => knownCountries.has(code)),
    sources: metadataid === null ? [] : [metadataid],
  };
}

function slugOf(words: string): string {
  const latin = words
    .replace(/[øØłŁđĐıðÐ]/g, (letter) => 'oOlLdDidD'['øØłŁđĐıðÐ'.indexOf(letter)] ?? '')
    .replaceAll('ß', 'ss')
    .replaceAll('æ', 'ae')
    .replaceAll('Æ', 'AE')
    .replaceAll('œ', 'oe');
  return latin
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** The live rows of sites or parcels, lookups and junctions shown by name. */
export async function shownRows(
  harness: ReleaseHarness,
  what: 'sites' | 'parcels',
): Promise<Record<string, unknown>[]> {
  const [table, one] =
    what === 'sites' ? ['protected_areas', 'protected_area'] : ['protected_area_parcels', 'protected_area_parcel'];
  const lookup = (name: string, key: string) => `(select name from ${name} where id = a.${key})`;
  return harness.live(`
    select a.site_id, a.site_pid, a.wdpa_id, a.wdpa_pid, a.name, a.original_name, a.slug, a.marine, a.marine_type, a.is_oecm,
      a.site_type, a.reported_area::float8, a.reported_marine_area::float8, a.gis_area::float8, a.gis_marine_area::float8,
      a.parent_iso3, extract(year from a.legal_status_updated_at)::int as legal_status_year, a.governance_subtype,
      a.management_plan, a.owner_type, a.ownership_subtype, a.inland_waters, a.oecm_assessment, a.international_criteria,
      a.supplementary_info, a.conservation_objectives, a.verif,
      ${lookup('legal_statuses', 'legal_status_id')} as legal_status, ${lookup('iucn_categories', 'iucn_category_id')} as iucn_category,
      ${lookup('governances', 'governance_id')} as governance, ${lookup('realms', 'realm_id')} as realm,
      ${lookup('management_authorities', 'management_authority_id')} as management_authority,
      d.name as designation, j.name as jurisdiction, n.name as no_take, n.area::float8 as no_take_area,
      array(select c.iso_3::text from countries_${table} x join countries c on c.id = x.country_id
            where x.${one}_id = a.id order by c.iso_3) as countries,
      array(select s.metadataid from ${table}_sources x join sources s on s.id = x.source_id where x.${one}_id = a.id) as sources,
      encode(st_asewkb(a.the_geom), 'hex') as geometry, a.the_geom_longitude as longitude, a.the_geom_latitude as latitude
    from ${table} a
    left join designations d on d.id = a.designation_id
    left join jurisdictions j on j.id = d.jurisdiction_id
    left join no_take_statuses n on n.id = a.no_take_status_id
    order by a.site_id, a.site_pid`);
}
