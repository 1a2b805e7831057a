import { fileURLToPath } from 'node:url';

export type ImportPhase = 'import_core' | 'import_related';

export interface Importer {
  readonly name: string;
  readonly phase: ImportPhase;
  /** Tables it fills: emptied before it runs (a lookup goes back to the rows of live). */
  readonly fills: readonly string[];
  /** Views it reads: they make up the digest of its input. */
  readonly reads: readonly string[];
  /** Importers of the same phase that must be done first; the others of a phase run side by side. */
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
  { name: 'green_list', phase: 'import_related', fills: ['green_list_statuses'], reads: ['portal_standard_greenlist'] },
  { name: 'pame_sources', phase: 'import_related', fills: ['pame_sources'], reads: ['portal_standard_pame_sources'] },
  {
    name: 'pame',
    phase: 'import_related',
    after: ['pame_sources'],
    fills: ['pame_methods', 'pame_evaluations', 'countries_pame_evaluations'],
    reads: ['portal_standard_pame'],
  },
];

export const IMPORTERS_DIR = fileURLToPath(new URL('./importers/', import.meta.url));
