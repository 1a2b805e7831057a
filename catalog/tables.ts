/** Lookups and independent tables hold no reference to a site, main tables are the sites, junctions refer to both. */
export type TableKind = 'lookup' | 'independent' | 'main' | 'junction';

export interface ReleasedTable {
  /** Live name; staging and backups add their prefixes. */
  readonly name: string;
  readonly kind: TableKind;
}

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
  { name: 'pame_evaluations', kind: 'independent' },
  { name: 'pame_statistics', kind: 'independent' },
  { name: 'story_map_links', kind: 'independent' },
  { name: 'aichi11_targets', kind: 'independent' },
  { name: 'protected_areas', kind: 'main' },
  { name: 'protected_area_parcels', kind: 'main' },
  { name: 'countries_protected_areas', kind: 'junction' },
  { name: 'countries_protected_area_parcels', kind: 'junction' },
  { name: 'countries_pame_evaluations', kind: 'junction' },
  { name: 'protected_areas_sources', kind: 'junction' },
  { name: 'protected_area_parcels_sources', kind: 'junction' },
];
