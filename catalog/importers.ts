import { fileURLToPath } from 'node:url';

export type ImportPhase = 'import_core' | 'import_related';

export interface Importer {
  readonly name: string;
  readonly phase: ImportPhase;
  /** Tables it fills: emptied before it runs (a lookup goes back to the rows of live). */
  readonly fills: readonly string[];
  /** Views it reads: they make up the digest of its input. */
  readonly reads: readonly string[];
  /** CSV files it reads, by name (inputs.ts). Where no folder of CSV files is configured the importer is left out … */
  readonly csv?: readonly string[];
  /** … unless it can do without: it then keeps what live has. */
  readonly csvOptional?: boolean;
  /** Tables outside the swap of which it plans changes (pp_release.live_changes). */
  readonly changes?: readonly string[];
  /**
   * Importers whose rows it reads: they are done first, and when one of them runs again it has to. The others of a phase run
   * side by side.
   */
  readonly after?: readonly string[];
}

/** The importers, each a file importers/<name>.sql that runs as one transaction. */
export const importers: readonly Importer[] = [
  { name: 'sources', phase: 'import_core', fills: ['sources'], reads: ['portal_standard_sources'] },
  {
    name: 'protected_areas',
    phase: 'import_core',
    after: ['sources'],
    reads: ['portal_standard_polygons', 'portal_standard_points'],
    csv: ['parcc_info', 'irreplaceability_info'],
    csvOptional: true,
    fills: [
      'jurisdictions',
      'designations',
      'legal_statuses',
      'iucn_categories',
      'management_authorities',
      'governances',
      'realms',
      'no_take_statuses',
      'protected_areas',
      'protected_area_parcels',
      'countries_protected_areas',
      'countries_protected_area_parcels',
      'protected_areas_sources',
      'protected_area_parcels_sources',
    ],
  },
  {
    name: 'green_list',
    phase: 'import_related',
    after: ['protected_areas'],
    fills: ['green_list_statuses'],
    reads: ['portal_standard_greenlist'],
  },
  { name: 'pame_sources', phase: 'import_related', fills: ['pame_sources'], reads: ['portal_standard_pame_sources'] },
  {
    name: 'pame',
    phase: 'import_related',
    after: ['protected_areas', 'pame_sources'],
    fills: ['pame_methods', 'pame_evaluations', 'countries_pame_evaluations'],
    reads: ['portal_standard_pame'],
  },
  {
    name: 'global_stats',
    phase: 'import_related',
    fills: ['global_statistics'],
    reads: [],
    csv: ['global_statistics'],
  },
  {
    name: 'country_statistics',
    phase: 'import_related',
    after: ['protected_areas', 'pame'],
    fills: ['country_statistics', 'pame_statistics'],
    reads: [],
    csv: ['country_statistics', 'pame_country_statistics'],
  },
  {
    name: 'story_map_links',
    phase: 'import_related',
    after: ['protected_areas'],
    fills: ['story_map_links'],
    reads: [],
    csv: ['story_map_link_sites'],
  },
  // Changes of countries, which is never swapped: planned here, made inside the swap (pp_release.live_changes).
  {
    name: 'country_overseas_territories',
    phase: 'import_related',
    fills: [],
    changes: ['countries'],
    reads: [],
    csv: ['overseas_territories'],
  },
  {
    name: 'biopama_countries',
    phase: 'import_related',
    fills: [],
    changes: ['countries'],
    reads: [],
    csv: ['biopama_countries_iso_codes'],
  },
  { name: 'aichi11_target', phase: 'import_related', fills: ['aichi11_targets'], reads: [], csv: ['aichi11_targets'] },
];

/** True for an importer that cannot run where no folder of CSV files is configured. */
export function needsCsv(importer: Importer): boolean {
  return importer.csv !== undefined && !importer.csvOptional;
}

export const IMPORTERS_DIR = fileURLToPath(new URL('./importers/', import.meta.url));
