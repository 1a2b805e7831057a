import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeDemoCsv } from '../../local/portal/csv.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { releaseOf } from '../support/state.ts';

/** Statistics and live updates by whole releases, as an operator sees them. */
let harness: ReleaseHarness;
let csvDir: string;
beforeAll(async () => {
  csvDir = mkdtempSync(join(tmpdir(), 'pp csv '));
  harness = await createHarness({ workerEnv: { PP_CSV_DIR: csvDir, PP_KEEP_BACKUP_COUNT: '3' } });
  await writeDemoCsv({ dir: csvDir, date: '2026-04-01', portalUrl: harness.databases.portalUrl });
});
afterAll(async () => {
  rmSync(csvDir, { recursive: true, force: true });
  await harness?.close();
});

const countries = () =>
  harness.live<Record<string, unknown>>(
    'select iso_3, country_id, is_biopama from countries where is_biopama or country_id is not null order by id',
  );
const biopama = async () =>
  (await harness.live<{ iso_3: string }>('select iso_3 from countries where is_biopama order by 1')).map(
    ({ iso_3 }) => iso_3,
  );
const release = async (...args: string[]) => {
  const { code, stderr } = await harness.pp(['start', ...args, '--wait']);
  expect([code, stderr]).toEqual([0, '']);
};
/** A bad cell in 30 of the some 500 rows that the statistics of countries are made of: 6 %, and 5 % is the limit. */
const spoilStatistics = () => {
  const path = join(csvDir, 'statistics/country_statistics_2026-04-01.csv');
  const lines = readFileSync(path, 'utf8').split('\n');
  const spoilt = lines.map((line, at) =>
    at >= 1 && at <= 30 ? line.replace(/^([^,]*,[^,]*),[^,]*/, '$1,many') : line,
  );
  writeFileSync(path, spoilt.join('\n'));
};

it('a dry run, and a release that fails, leave countries as they are', async () => {
  const before = await countries();
  await release('Apr2026', '--mode', 'dry-run');
  expect(await countries()).toEqual(before);
  const [planned] = await harness.live('select count(*)::int > 10 as some from pp_release.live_changes');
  expect(planned).toEqual({ some: true });

  writeFileSync(join(csvDir, 'aichi11_targets.csv'), 'coverage_terrestrial\n17\n');
  const failed = await harness.pp(['start', 'Apr2026', '--wait']);
  await writeDemoCsv({ dir: csvDir, date: '2026-04-01', portalUrl: harness.databases.portalUrl });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/aichi11_targets\.csv: line 1 has no column coverage_marine, .*; mend the file/);
  expect(await countries()).toEqual(before);
});

it('a release with too many soft errors fails, and leaves all of them to be looked at', async () => {
  spoilStatistics();
  const failed = await harness.pp(['start', 'Apr2026', '--wait']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    /importer country_statistics: 30 of \d+ rows have soft errors, 6 %, and the limit is 5 %/,
  );
  const { id } = await releaseOf(harness, 'Apr2026');
  const told = await harness.live<{ line: number; value: string }>(
    `select (details->>'line')::int as line, details->>'value' as value from pp_release.rejects
     where release_id = ${id} and importer = 'country_statistics' order by 1`,
  );
  expect(told).toEqual(Array.from({ length: 30 }, (_, at) => ({ line: at + 2, value: 'many' })));
});

it('a release with a higher limit makes the changes with the swap; the manifest names files, soft errors, notes and changes', async () => {
  appendFileSync(join(csvDir, 'parcc_info.csv'), '999999999\n999999998\n');
  await release('Apr2026', '--soft-error-limit', '7.5');
  const listed = (
    await harness.live<{ iso_3: string }>(
      `select iso_3 from countries c join regions r on r.id = c.region_id where r.iso = 'AF' order by 1`,
    )
  ).map(({ iso_3 }) => iso_3);
  expect(await biopama()).toEqual(listed);
  const { id } = await releaseOf(harness, 'Apr2026');
  type Told = { importer: string; reason: string; rows: number };
  const [manifest] = await harness.live<{
    files: { file: string; rows: number }[];
    soft: Told[];
    notes: Told[];
    changes: object;
    stats: number;
  }>(
    `select body->'files' as files, body->'soft_errors' as soft, body->'notes' as notes, body->'changes_in_place' as changes, (select count(*)::int from country_statistics) as stats
     from pp_release.manifests where release_id = ${id}`,
  );
  expect(manifest?.files.map(({ file }) => file).sort()).toEqual([
    'aichi11_targets.csv',
    'biopama_countries_iso_codes.csv',
    'country_statistics_2026-04-01.csv',
    'global_statistics_2026-04-01.csv',
    'irreplaceability_info.csv',
    'overseas_territories.csv',
    'pame_country_statistics_2026-04-01.csv',
    'parcc_info.csv',
    'story_map_link_sites.csv',
  ]);
  const rows = await harness.live<Told>(
    `select importer, reason, count(*)::int as rows from pp_release.rejects where release_id = ${id} and severity = 'soft'
     group by 1, 2 order by 1, 2`,
  );
  expect(manifest?.soft).toEqual(rows);
  expect(manifest?.soft.filter(({ importer }) => importer === 'country_statistics')).toEqual([
    { importer: 'country_statistics', reason: 'column pa_land_area: not a number', rows: 30 },
  ]);
  expect(manifest?.notes).toEqual([{ importer: 'protected_areas', reason: 'no such site in this release', rows: 2 }]);
  const lines = readFileSync(join(csvDir, 'parcc_info.csv'), 'utf8').trim().split('\n').length - 1;
  expect(manifest?.files.find(({ file }) => file === 'parcc_info.csv')?.rows).toBe(lines);
  expect(manifest?.changes).toEqual({ 'countries.is_biopama': listed.length });
  expect(manifest?.stats).toBeGreaterThan(240);
});

it('a rollback puts back what stood there, but not what somebody has changed since; a promotion makes it again', async () => {
  writeFileSync(join(csvDir, 'biopama_countries_iso_codes.csv'), 'ISO3\nFRA\nDEU\n');
  writeFileSync(join(csvDir, 'overseas_territories.csv'), 'country,overseas_territories\nFRA,DEU;ITA\n');
  const before = await countries();
  // The limit by the environment: the statistics are as bad as before.
  const may = await harness.pp(['start', 'May2026', '--wait'], { PP_IMPORT_SOFT_ERROR_LIMIT: '7.5' });
  expect([may.code, may.stderr]).toEqual([0, '']);
  const after = await countries();
  expect(after).not.toEqual(before);
  // The website's people give Italy another parent meanwhile.
  await harness.live(
    `update countries set country_id = (select id from countries where iso_3 = 'ESP') where iso_3 = 'ITA'`,
  );

  const { stamp } = await releaseOf(harness, 'Apr2026');
  const back = await harness.pp(['rollback', stamp as string, '--wait']);
  expect([back.code, back.stderr]).toEqual([0, '']);
  const [italy] = await harness.live(
    `select p.iso_3 as parent from countries c join countries p on p.id = c.country_id where c.iso_3 = 'ITA'`,
  );
  expect(italy).toEqual({ parent: 'ESP' });
  const others = (rows: Record<string, unknown>[]) => rows.filter(({ iso_3 }) => iso_3 !== 'ITA');
  expect(others(await countries())).toEqual(others(before));

  await release('May2026', '--start-at', 'finalise_swap');
  expect(others(await countries())).toEqual(others(after));
  const [kept] = await harness.live(
    `select p.iso_3 as parent from countries c join countries p on p.id = c.country_id where c.iso_3 = 'ITA'`,
  );
  expect(kept).toEqual({ parent: 'ESP' });
});

it('a worker without a folder leaves the importers out that need one, and says so; asked for by name they are refused', async () => {
  await harness.restartWorker({ PP_CSV_DIR: '' });
  const statistics = await harness.live('select * from country_statistics order by id');
  await release('Jun2026');
  expect(await harness.live('select * from country_statistics order by id')).toEqual(statistics);
  const { stdout } = await harness.pp(['status', '--json']);
  const phases = JSON.parse(stdout).workflow.phases as { name: string; result?: { leftOut?: object } }[];
  expect(phases[0]?.result?.leftOut).toMatchObject({ global_stats: 'PP_CSV_DIR is not set: live keeps what it has' });
  const asked = await harness.pp(['import', 'Jul2026', '--only', 'global_stats', '--wait']);
  expect(asked.code).not.toBe(0);
  expect(asked.stderr).toMatch(/the importers global_stats read CSV files.*set PP_CSV_DIR/);
});

it('import stops before anything is checked or swapped; a resumed one does not repeat what is done', async () => {
  await writeDemoCsv({ dir: csvDir, date: '2026-04-01', portalUrl: harness.databases.portalUrl });
  await harness.restartWorker({ PP_CSV_DIR: csvDir });
  const live = await harness.live('select id, is_current from releases where is_current');
  const first = await harness.pp(['import', 'Aug2026', '--only', 'sources,protected_areas', '--wait', '--json']);
  expect(first.code).toBe(0);
  const second = await harness.pp(['import', 'Aug2026', '--resume', '--skip', 'pame', '--wait']);
  expect([second.code, second.stderr]).toEqual([0, '']);
  const { id } = await releaseOf(harness, 'Aug2026');
  const told = await harness.live<{ importer: string; again: boolean }>(
    `select payload_json->>'importer' as importer, coalesce((payload_json->>'alreadyDone')::boolean, false) as again
     from release_events where release_id = ${id} and phase = 'importer_finished' order by id`,
  );
  expect(told.slice(0, 2)).toEqual([
    { importer: 'sources', again: false },
    { importer: 'protected_areas', again: false },
  ]);
  expect(told.slice(2)).toContainEqual({ importer: 'protected_areas', again: true });
  expect(told.map(({ importer }) => importer)).toContain('country_statistics');
  expect(told.map(({ importer }) => importer)).not.toContain('pame');
  expect(await harness.live('select id, is_current from releases where is_current')).toEqual(live);
});
