import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Country, countries } from './world.ts';

export interface DemoCsvOptions {
  /** Folder for the files; statistics go into its folder statistics/. */
  dir: string;
  /** First day of the month that the statistics describe: 2026-04-01. */
  date: string;
  /** The portal whose sites the lists of sites name; without one they name a site that is nowhere. */
  portalUrl?: string | undefined;
}

/** Writes the CSV files that a release reads beside the portal. The same portal and date give the same files. */
export async function writeDemoCsv({ dir, date, portalUrl }: DemoCsvOptions): Promise<void> {
  const all = [...(await countries()), ...(['ABNJ', 'ATA'].map((iso3) => ({ iso3 })) as Country[])];
  const sites = portalUrl === undefined ? [1] : await someSites(portalUrl);
  await mkdir(join(dir, 'statistics'), { recursive: true });
  const files: Record<string, unknown[][]> = {
    [`statistics/country_statistics_${date}`]: [COUNTRY_HEADER, ...all.map(({ iso3 }) => countryRow(iso3))],
    [`statistics/pame_country_statistics_${date}`]: [PAME_HEADER, ...all.map(({ iso3 }) => pameRow(iso3))],
    [`statistics/global_statistics_${date}`]: [['type', 'description', 'value'], ...GLOBAL_TYPES.map(globalRow)],
    overseas_territories: [['country', 'overseas_territories'], ...territories(all)],
    biopama_countries_iso_codes: [['ISO3'], ...all.filter(({ region }) => region === 'AF').map(({ iso3 }) => [iso3])],
    aichi11_targets: [AICHI_HEADER, [17, 10, 17, 10, 17, 17, 17]],
    parcc_info: [['site_id'], ...sites.filter((_, at) => at % 3 === 0).map((id) => [id])],
    irreplaceability_info: [['site_id', 'name'], ...sites.map((id) => [id, `Site ${id}`])],
    story_map_link_sites: [
      ['site', 'link', 'type'],
      ...sites.slice(0, 4).map((id) => [id, `https://maps.example.org/${id}`, 'English version']),
    ],
  };
  for (const [name, rows] of Object.entries(files)) await writeCsv(join(dir, `${name}.csv`), rows);
}

/** The first day of the month `months` after this one, as files are named. */
export function monthFile(months = 0): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1)).toISOString().slice(0, 10);
}

async function someSites(portalUrl: string): Promise<number[]> {
  const client = new Client({ connectionString: portalUrl, application_name: 'pp-portal csv' });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: number }>(
      `SELECT DISTINCT site_id::integer AS id FROM wdpa.wdpas WHERE archived_at IS NULL ORDER BY 1 LIMIT 300`,
    );
    return rows.length > 0 ? rows.map(({ id }) => id) : [1];
  } finally {
    await client.end();
  }
}

/** Written beside and renamed: a release never reads half a file. */
async function writeCsv(path: string, rows: unknown[][]): Promise<void> {
  const cell = (value: unknown) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value);
  await writeFile(`${path}.new`, rows.map((row) => `${row.map(cell).join(',')}\n`).join(''));
  await rename(`${path}.new`, path);
}

/** From 0 to 1, the same for the same words. */
function draw(...words: string[]): number {
  return createHash('sha256').update(words.join(' ')).digest().readUInt32BE() / 0xffffffff;
}

const round = (value: number) => Math.round(value * 100) / 100;

const COUNTRY_HEADER =
  'iso3,pa_marine_area,pa_land_area,marine_area,land_area,percentage_pa_land_cover,percentage_pa_marine_cover,percentage_nr_land_cover,percentage_nr_marine_cover,nr_version,nr_report_url,oecms_pa_marine_area,oecms_pa_land_area,percentage_oecms_pa_land_cover,percentage_oecms_pa_marine_cover'.split(
    ',',
  );

function countryRow(iso3: string): unknown[] {
  const land = round(10 ** (2 + 4 * draw(iso3, 'land')));
  const marine = round(10 ** (2 + 4 * draw(iso3, 'marine')));
  const landShare = round(40 * draw(iso3, 'land share'));
  const marineShare = round(30 * draw(iso3, 'marine share'));
  const reported = draw(iso3, 'report') < 0.5 ? ['na', 'na', 'na', 'na'] : [landShare, 'na', 6, 'https://www.cbd.int/'];
  const areas = [round((marine * marineShare) / 100), round((land * landShare) / 100)];
  return [iso3, ...areas, marine, land, landShare, marineShare, ...reported, ...areas, landShare, marineShare];
}

const PAME_HEADER = [
  ...['iso3', 'pame_pa_marine_area', 'pame_pa_land_area'],
  ...['pame_percentage_pa_marine_cover', 'pame_percentage_pa_land_cover'],
];

function pameRow(iso3: string): unknown[] {
  const share = round(10 * draw(iso3, 'pame'));
  return [iso3, round(1000 * draw(iso3, 'pame marine')), round(10_000 * draw(iso3, 'pame land')), 0, share];
}

const coverage = (group: string) => [
  ...[`total_${group}`, `total_terrestrial_${group}`, `total_marine_${group}`],
  ...[`total_land_${group}_coverage_percentage`, `total_ocean_${group}_coverage_percentage`],
  ...[`total_land_area_${group}`, `total_ocean_area_${group}`],
  ...[`national_waters_${group}_coverage_percentage`, `national_waters_${group}_coverage_area`],
];

const GLOBAL_TYPES = [
  ...['total_protected_areas', 'total_terrestrial_protected_areas', 'total_marine_protected_areas'],
  ...['total_land_pa_coverage_percentage', 'total_ocean_pa_coverage_percentage'],
  ...['total_land_area_protected', 'total_ocean_area_protected'],
  ...['national_waters_pa_coverage_percentage', 'national_waters_pa_coverage_area'],
  ...['high_seas_pa_coverage_percentage', 'high_seas_pa_coverage_area'],
  ...['national_waters_percentage', 'global_ocean_percentage'],
  ...coverage('oecms'),
  ...coverage('oecms_pas'),
  ...['global_oecms_pas_coverage_percentage', 'global_oecms_pas'],
  ...['green_list_perc', 'green_list_area', 'green_list_count'],
];

function globalRow(type: string): unknown[] {
  const isShare = type.includes('percentage') || type.endsWith('_perc');
  return [type, type.replaceAll('_', ' '), isShare ? round(100 * draw(type)) : Math.round(1_000_000 * draw(type))];
}

const AICHI_HEADER = [
  ...['coverage_terrestrial', 'coverage_marine', 'effectively_managed_terrestrial', 'effectively_managed_marine'],
  ...['representative_global', 'well_connected_global', 'importance_global'],
];

function territories(all: readonly Country[]): unknown[][] {
  const parents = [...new Set(all.flatMap(({ parent }) => parent ?? []))].sort();
  return parents.map((code) => [code, all.flatMap(({ iso3, parent }) => (parent === code ? iso3 : [])).join(';')]);
}
