/**
 * Of the released tables those that the old system swaps, too, and so has in its backups. The others, the lookups among them, it
 * changes in live, where their rows only grow.
 */
export const swappedByOldSystem: readonly string[] = [
  'sources',
  'green_list_statuses',
  'no_take_statuses',
  'country_statistics',
  'global_statistics',
  'pame_evaluations',
  'pame_sources',
  'pame_statistics',
  'story_map_links',
  'protected_areas',
  'protected_area_parcels',
  'countries_protected_areas',
  'countries_protected_area_parcels',
  'countries_pame_evaluations',
  'protected_areas_sources',
  'protected_area_parcels_sources',
];

/** Views of the website over released tables; the SQL function makes those that are missing, and answers their names. */
export const statisticsViews = {
  names: ['regional_statistics_view', 'aichi11_target_dashboard_view'],
  maker: 'catalog_make_statistics_views',
} as const;

/** Tables of the website that a release reads and does not replace, with the rights that it needs there. */
export const readByReleases = [
  { name: 'regions', rights: 'select' },
  { name: 'countries', rights: 'select, update' },
] as const;
