import { type CsvInput, csvInputs, type Importer, needsCsv } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { type CsvFile, findCsv } from './csv/find.ts';
import { type CsvLoaded, loadCsv, loadNothing, tableOf } from './csv/load.ts';
import { type CsvScan, scanCsv } from './csv/scan.ts';

interface FoundCsv {
  input: CsvInput;
  file: CsvFile;
  scan: CsvScan;
}

/** What an importer is about to read. The same identity and the same script give the same rows. */
export interface Inputs {
  identity: unknown;
  csv: FoundCsv[];
  /** Size of the CSV files. */
  bytes: number;
}

/** @throws ReleaseError StagingUnfit when a view is missing, ImportFailed when a file is, or cannot be read */
export async function findInputs(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  csvDir: string | undefined,
): Promise<Inputs> {
  if (csvDir === undefined && needsCsv(importer)) {
    const message = `importer ${importer.name} reads CSV files, and this worker has no folder of them: set PP_CSV_DIR where it runs`;
    throw new ReleaseError('ConfigurationError', message, { importer: importer.name });
  }
  const views = await findViews(session, importer);
  const csv = csvDir === undefined ? [] : await findAll(csvDir, csvOf(importer), release);
  return {
    identity: [views, csv.map(({ file, scan }) => [file.name, scan.sha256])],
    csv,
    bytes: csv.reduce((sum, { scan }) => sum + scan.bytes, 0),
  };
}

/** All have been looked at before one is refused: the first in the catalog's order, so that it is the same each time. */
async function findAll(dir: string, inputs: readonly CsvInput[], release: ReleaseRef): Promise<FoundCsv[]> {
  const outcomes = await Promise.allSettled(inputs.map((input) => find(dir, input, release)));
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

async function find(dir: string, input: CsvInput, release: ReleaseRef): Promise<FoundCsv> {
  const file = await findCsv(dir, input, release.label);
  return { input, file, scan: await scanCsv(file) };
}

/** Views are filled as a whole, so their OIDs and files tell whether they are the same. */
async function findViews(session: Session, importer: Importer): Promise<unknown[]> {
  const { rows } = await session.query<{ relname: string }>(
    'select relname, oid::text, relfilenode::text from pg_class where relname = any($1) order by relname',
    [importer.reads.map(stagingName)],
  );
  const missing = importer.reads.map(stagingName).filter((name) => !rows.some((row) => row.relname === name));
  if (missing.length === 0) return rows;
  const message = `staging views missing: ${missing.join(', ')}; run the release from create_staging_materialized_views`;
  throw new ReleaseError('StagingUnfit', message, { missing });
}

/**
 * Fills the tables `csv_<name>` of the importer's transaction; pp_release.has_csv tells which were read, and
 * pp_release.has_csv_column which of their columns a file has.
 */
export async function loadInputs(
  session: Session,
  importer: Importer,
  { csv }: Inputs,
  onFile: (name: string) => void,
): Promise<CsvLoaded[]> {
  await session.query(`select set_config('pp_release.csv', $1, true)`, [csv.map(({ input }) => input.name).join(',')]);
  const loaded: CsvLoaded[] = [];
  const present: string[] = [];
  for (const input of csvOf(importer)) {
    const found = csv.find((candidate) => candidate.input === input);
    if (!found) {
      await loadNothing(session, input);
      continue;
    }
    onFile(found.file.name);
    const { columns, ...file } = await loadCsv(session, importer.name, input, found.file, found.scan);
    present.push(...columns.map((name) => `${input.name}.${name}`));
    loaded.push(file);
  }
  await session.query(`select set_config('pp_release.csv_columns', $1, true)`, [present.join(',')]);
  return loaded;
}

/**
 * The first file of which every row was set aside, by its reading or by the importer. A row that only lost a cell, or a part of
 * one, goes on: its reject names the column.
 */
export async function findUseless(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  loaded: readonly CsvLoaded[],
): Promise<CsvLoaded | undefined> {
  for (const file of loaded) {
    const { rows } = await session.query(
      `select from ${tableOf(file.input)} c where not exists (
         select from pp_release.rejects r where r.release_id = $1 and r.importer = $2 and r.row_key = c.row_key
           and r.severity = 'soft' and not r.details ? 'column') limit 1`,
      [release.releaseId, importer.name],
    );
    if (rows.length === 0) return file;
  }
  return undefined;
}

/** Rows that the importer had to read: of its views (each at most the sample) and its files. */
export async function countInputs(
  session: Session,
  importer: Importer,
  loaded: readonly CsvLoaded[],
  sample: number | undefined,
): Promise<number> {
  let rows = loaded.reduce((sum, file) => sum + file.rows, 0);
  for (const view of importer.reads) {
    const { rows: counted } = await session.query<{ n: string }>(
      `select least(count(*), coalesce($1::bigint, count(*))) as n from ${ident(stagingName(view))}`,
      [sample ?? null],
    );
    rows += Number(counted[0]?.n);
  }
  return rows;
}

function csvOf(importer: Importer): CsvInput[] {
  return (importer.csv ?? []).map((name) => {
    const input = csvInputs.find((candidate) => candidate.name === name);
    if (!input) throw new Error(`the catalog has no CSV input ${name}`);
    return input;
  });
}
