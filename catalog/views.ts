import { fileURLToPath } from 'node:url';

export interface ViewIndex {
  /** Live name; the staging index adds `staging_`. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique?: boolean;
  readonly using?: 'gist';
}

export interface ReleasedView {
  /** Live name of the materialized view; its SELECT stands in views/<name>.sql and reads other views as staging_<name>. */
  readonly name: string;
  readonly indexes: readonly ViewIndex[];
  /** What preflight checks: the columns that make a row unique, the geometry column. */
  readonly key?: readonly string[];
  readonly geometry?: { readonly column: string; readonly srid: number };
  /** The views of one group may not be empty all together: then there is nothing to publish. */
  readonly mainGroup?: boolean;
  /** Name of its row count in stats_json (`source_counts`). */
  readonly countedAs?: string;
}

const standardIndexes = (kind: 'points' | 'polygons'): ViewIndex[] => [
  { name: `idx_portal_${kind}_pk`, columns: ['site_id', 'site_pid'], unique: true },
  { name: `idx_portal_${kind}_geom`, columns: ['wkb_geometry'], using: 'gist' },
];
const standard = { key: ['site_id', 'site_pid'], geometry: { column: 'wkb_geometry', srid: 4326 }, mainGroup: true };

/** The materialized views, in the order in which they are filled; all of them from one remote snapshot. */
export const views: readonly ReleasedView[] = [
  { name: 'portal_iso3_agg', indexes: [{ name: 'idx_iso3_agg_pk', columns: ['wdpa_id', 'parcel_id'], unique: true }] },
  {
    name: 'portal_parent_iso3_agg',
    indexes: [{ name: 'idx_parent_iso3_agg_pk', columns: ['wdpa_id', 'parcel_id'], unique: true }],
  },
  {
    name: 'portal_int_crit_agg',
    indexes: [{ name: 'idx_intcrit_agg_pk', columns: ['wdpa_id', 'parcel_id'], unique: true }],
  },
  { name: 'portal_standard_polygons', indexes: standardIndexes('polygons'), countedAs: 'wdpca_polygon', ...standard },
  { name: 'portal_standard_points', indexes: standardIndexes('points'), countedAs: 'wdpca_points', ...standard },
  {
    name: 'portal_standard_sources',
    countedAs: 'wdpca_sources',
    indexes: [
      { name: 'idx_portal_sources_pk', columns: ['index_id'], unique: true },
      { name: 'idx_portal_sources_metadataid', columns: ['metadataid'] },
    ],
  },
  {
    name: 'portal_standard_pame',
    countedAs: 'effectiveness_pame',
    indexes: [
      { name: 'idx_portal_pame_pk', columns: ['id'], unique: true },
      { name: 'idx_portal_pame_site_id', columns: ['site_id'] },
      { name: 'idx_portal_pame_eff_metaid', columns: ['eff_metaid'] },
      { name: 'idx_portal_pame_asmt_year', columns: ['asmt_year'] },
    ],
  },
  {
    name: 'portal_standard_pame_sources',
    countedAs: 'effectiveness_pame_sources',
    indexes: [{ name: 'idx_portal_pame_sources_pk', columns: ['id'], unique: true }],
  },
  {
    name: 'portal_standard_greenlist',
    countedAs: 'greenlist',
    indexes: [
      { name: 'idx_portal_greenlist_pk', columns: ['id'], unique: true },
      { name: 'idx_portal_greenlist_site_id', columns: ['site_id'] },
      { name: 'idx_portal_greenlist_gl_expiry', columns: ['gl_expiry'] },
    ],
  },
];

/** The plain view that downloads read; its SELECT stands in views/<name>.sql and reads the live views. */
export const downloadsView = 'portal_downloads_protected_areas';

/** Values that the views cannot show; its SELECT, views/<name>.sql, gives the rows of pp_release.unusable_values. */
export const unusableValues = 'portal_unusable_areas';

export const VIEWS_DIR = fileURLToPath(new URL('./views/', import.meta.url));
