/** Lookups and independent tables hold no reference to a site, main tables are the sites, junctions refer to both. */
export type TableKind = 'lookup' | 'independent' | 'main' | 'junction';

export interface ReleasedTable {
  /** Live name; staging and backups add their prefixes. */
  readonly name: string;
  readonly kind: TableKind;
  /** What tells its rows apart from release to release; `id` unless said otherwise. */
  readonly key?: readonly string[];
  /** Columns that an importer writes, but with the value of live where it has nothing to say. */
  readonly liveValues?: readonly LiveValue[];
  /**
   * What becomes of an edit in live since staging was built, of rows and columns that are live's: it is carried over, or the swap
   * is refused with the rows' keys. A lookup refuses unless said otherwise: its new rows have ids that an edit may have taken.
   */
  readonly whenEdited?: 'carry' | 'refuse';
  /** Rows of other released tables that its rows name, whether or not a foreign key says so. */
  readonly refers?: readonly Reference[];
}

export interface LiveValue {
  readonly column: string;
  /** Live's value counts unless this file was read, or this table was filled by an importer. */
  readonly unless: { readonly file: string } | { readonly filled: string };
}

export interface Reference {
  readonly column: string;
  readonly table: string;
  /** What becomes of a row that was carried over from live when the other is gone: left out, or kept without it. */
  readonly gone: 'row' | 'value';
}

const to = (column: string, table: string, gone: Reference['gone'] = 'row'): Reference => ({ column, table, gone });
const site = to('protected_area_id', 'protected_areas');
const parcel = to('protected_area_parcel_id', 'protected_area_parcels');
const greenListMark: LiveValue = { column: 'green_list_status_id', unless: { filled: 'green_list_statuses' } };

/**
 * Every table that a release replaces, in swap order: what is referred to comes before what refers to it. To add a
 * table, add its line here, its CREATE TABLE to migrations/ and an importer to importers.ts.
 */
export const tables: readonly ReleasedTable[] = [
  { name: 'jurisdictions', kind: 'lookup' },
  { name: 'designations', kind: 'lookup' },
  { name: 'legal_statuses', kind: 'lookup' },
  { name: 'iucn_categories', kind: 'lookup' },
  { name: 'management_authorities', kind: 'lookup' },
  { name: 'governances', kind: 'lookup' },
  { name: 'realms', kind: 'lookup' },
  { name: 'pame_methods', kind: 'lookup' },
  { name: 'sources', kind: 'independent' },
  { name: 'green_list_statuses', kind: 'independent' },
  { name: 'no_take_statuses', kind: 'independent' },
  { name: 'country_statistics', kind: 'independent' },
  { name: 'global_statistics', kind: 'independent' },
  { name: 'pame_sources', kind: 'independent' },
  {
    name: 'pame_evaluations',
    kind: 'independent',
    refers: [site, parcel, to('pame_source_id', 'pame_sources', 'value')],
  },
  { name: 'pame_statistics', kind: 'independent' },
  { name: 'story_map_links', kind: 'independent', refers: [site] },
  { name: 'aichi11_targets', kind: 'independent' },
  {
    name: 'protected_areas',
    kind: 'main',
    liveValues: [
      { column: 'has_parcc_info', unless: { file: 'parcc_info' } },
      { column: 'has_irreplaceability_info', unless: { file: 'irreplaceability_info' } },
      greenListMark,
    ],
  },
  { name: 'protected_area_parcels', kind: 'main', liveValues: [greenListMark] },
  { name: 'countries_protected_areas', kind: 'junction', key: ['country_id', site.column], refers: [site] },
  { name: 'countries_protected_area_parcels', kind: 'junction', key: ['country_id', parcel.column], refers: [parcel] },
  {
    name: 'countries_pame_evaluations',
    kind: 'junction',
    key: ['country_id', 'pame_evaluation_id'],
    refers: [to('pame_evaluation_id', 'pame_evaluations')],
  },
  {
    name: 'protected_areas_sources',
    kind: 'junction',
    key: [site.column, 'source_id'],
    refers: [site, to('source_id', 'sources')],
  },
  {
    name: 'protected_area_parcels_sources',
    kind: 'junction',
    key: [parcel.column, 'source_id'],
    refers: [parcel, to('source_id', 'sources')],
  },
];
