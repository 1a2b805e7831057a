/** What a cell must be; see pp_release.csv_judge. A name is read in small letters; a percentage lies between 0 and 100. */
export type CsvKind = 'text' | 'name' | 'code' | 'integer' | 'number' | 'percentage';

export interface CsvColumn {
  readonly name: string;
  readonly kind: CsvKind;
  /** The file may lack it: its cells are NULL then. */
  readonly optional?: boolean;
  /** A row that says nothing here is set aside. The first column of the key is required by itself. */
  readonly required?: boolean;
  /** A comma before three digits means thousands here; elsewhere 1,234 is not clear. */
  readonly grouped?: boolean;
}

export interface CsvInput {
  /** The file is `<name>.csv`; a dated one is `<name>_YYYY-MM-DD.csv`. Importers read it as table `csv_<name>`. */
  readonly name: string;
  readonly dated?: boolean;
  readonly columns: readonly CsvColumn[];
  /** What makes a row unique: of two rows with one key the later one counts. */
  readonly key: readonly string[];
  /** Rows without a key are a footer, and not a fault. */
  readonly footer?: boolean;
  /** The file has many more columns that nobody reads. */
  readonly wide?: boolean;
}

const columns = (kind: CsvKind, names: string, more: Omit<CsvColumn, 'name' | 'kind'> = {}): CsvColumn[] =>
  names.split(' ').map((name) => ({ name, kind, ...more }));

/** The CSV files, in the folder PP_CSV_DIR or its folder statistics/. */
export const csvInputs: readonly CsvInput[] = [
  {
    name: 'country_statistics',
    dated: true,
    key: ['iso3'],
    columns: [
      ...columns('code', 'iso3'),
      ...columns('number', 'pa_marine_area pa_land_area marine_area land_area oecms_pa_marine_area oecms_pa_land_area'),
      ...columns('percentage', 'percentage_pa_land_cover percentage_pa_marine_cover'),
      ...columns('percentage', 'percentage_nr_land_cover percentage_nr_marine_cover'),
      ...columns('percentage', 'percentage_oecms_pa_land_cover percentage_oecms_pa_marine_cover'),
      ...columns('integer', 'nr_version'),
      ...columns('text', 'nr_report_url'),
      ...columns('number', 'pa_area pa_eez_area pa_ts_area eez_area ts_area', { optional: true }),
      ...columns('number', 'jrc_country_area jrc_terr_area', { optional: true }),
      ...columns('percentage', 'percentage_cover_pas percentage_pa_cover percentage_pa_eez_cover', { optional: true }),
      ...columns('percentage', 'percentage_pa_ts_cover percentage_well_connected percentage_importance', {
        optional: true,
      }),
    ],
  },
  {
    name: 'pame_country_statistics',
    dated: true,
    key: ['iso3'],
    columns: [
      ...columns('code', 'iso3'),
      ...columns('number', 'pame_pa_marine_area pame_pa_land_area'),
      ...columns('percentage', 'pame_percentage_pa_marine_cover pame_percentage_pa_land_cover'),
    ],
  },
  {
    name: 'global_statistics',
    dated: true,
    key: ['type'],
    footer: true,
    columns: [
      ...columns('name', 'type'),
      ...columns('text', 'description', { optional: true }),
      ...columns('number', 'value', { grouped: true }),
    ],
  },
  {
    name: 'overseas_territories',
    key: ['country'],
    columns: [...columns('code', 'country'), ...columns('text', 'overseas_territories', { required: true })],
  },
  { name: 'biopama_countries_iso_codes', key: ['iso3'], columns: columns('code', 'iso3') },
  {
    name: 'aichi11_targets',
    key: [],
    columns: [
      ...columns('percentage', 'coverage_terrestrial coverage_marine'),
      ...columns('percentage', 'effectively_managed_terrestrial effectively_managed_marine'),
      ...columns('percentage', 'representative_global well_connected_global importance_global'),
      ...columns('number', 'representative_global_value well_connected_global_value importance_global_value', {
        optional: true,
      }),
    ],
  },
  { name: 'parcc_info', key: ['site_id'], wide: true, columns: columns('integer', 'site_id') },
  { name: 'irreplaceability_info', key: ['site_id'], wide: true, columns: columns('integer', 'site_id') },
  {
    name: 'story_map_link_sites',
    key: ['site', 'link', 'type'],
    columns: [
      ...columns('integer', 'site'),
      ...columns('text', 'link', { required: true }),
      ...columns('text', 'type'),
    ],
  },
];
