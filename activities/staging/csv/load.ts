import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { CsvColumn, CsvInput } from '../../../catalog/index.ts';
import type { Session } from '../../postgres/database.ts';
import { ident, literal } from '../../postgres/identifiers.ts';
import type { CsvFile } from './find.ts';
import { NO_ROWS, openLines } from './lines.ts';
import { csvCall, Rejects } from './rejects.ts';
import { type CsvScan, unusable } from './scan.ts';

/** A file that an importer has read. */
export interface CsvLoaded {
  input: string;
  file: string;
  sha256: string;
  /** Lines with something in them, footers left out; those that were set aside are among them. */
  rows: number;
}

const TYPES = {
  text: 'text',
  name: 'text',
  code: 'text',
  integer: 'integer',
  number: 'double precision',
  percentage: 'double precision',
};

/** An input that is not there, for an importer that can do without: table `csv_<name>` without rows. */
export async function loadNothing(session: Session, input: CsvInput): Promise<void> {
  const columns = input.columns.map(({ name, kind }) => `${ident(name)} ${TYPES[kind]}`);
  await session.query(
    `create temp table ${tableOf(input.name)} (line integer, row_key text, ${columns.join(', ')}) on commit drop`,
  );
}

/**
 * Streams a file by COPY into table `csv_<name>` of the importer's transaction: its columns in their types, `line`, and
 * `row_key` (`file line N`). Rows and cells that cannot be taken are set aside in pp_release.rejects, with line and column.
 *
 * @returns what was read, and which columns of the input the file has
 * @throws ReleaseError ImportFailed when the file as a whole cannot be taken
 */
export async function loadCsv(
  session: Session,
  importer: string,
  input: CsvInput,
  file: CsvFile,
  scan: CsvScan,
): Promise<CsvLoaded & { columns: string[] }> {
  const raw = ident(`raw_${input.name}`);
  const { header, rows } = await openLines(file, input, scan);
  const names = header.columns.map(({ name }) => ident(name));
  await session.query(
    `create temp table ${raw} (pp_line integer, pp_fault text, ${names.map((name) => `${name} text`).join(', ')}) on commit drop`,
  );
  await pipeline(rows, session.query(copyFrom(`copy ${raw} from stdin`)));
  await loadNothing(session, input);
  const count = await countRows(session, input);
  if (count === 0) throw unusable(file, NO_ROWS);
  const context = new Rejects(session, importer, file.name);
  await dropUnusable(session, context, input);
  await takeRows(session, context, input, header.columns);
  const encoded = scan.encoding === 'utf-8' ? [] : ['it is not UTF-8 and was read as Windows-1252'];
  await context.notes([...file.notes, ...header.notes, ...encoded]);
  const columns = header.columns.map(({ name }) => name);
  return { input: input.name, file: file.name, sha256: scan.sha256, rows: count, columns };
}

/** All that the file says, before anything is set aside: the share of soft errors is one of these. */
async function countRows(session: Session, input: CsvInput): Promise<number> {
  const raw = ident(`raw_${input.name}`);
  const [first] = input.key;
  if (input.footer && first) {
    await session.query(`delete from ${raw} where pp_fault is null and pp_release.csv_text(${ident(first)}) is null`);
  }
  const { rows } = await session.query<{ n: number }>(`select count(*)::int as n from ${raw}`);
  return rows[0]?.n ?? 0;
}

/** Rows that cannot be trusted, or do not say what they are about. */
async function dropUnusable(session: Session, rejects: Rejects, input: CsvInput): Promise<void> {
  const raw = ident(`raw_${input.name}`);
  for (const name of requiredOf(input)) {
    await session.query(
      `update ${raw} set pp_fault = ${literal(`it has no ${name}`)}
       where pp_fault is null and pp_release.csv_text(${ident(name)}) is null`,
    );
  }
  await rejects.rows(`select pp_line as line, pp_fault as reason from ${raw} where pp_fault is not null`);
  await session.query(`delete from ${raw} where pp_fault is not null`);
}

function requiredOf({ key, columns }: CsvInput): string[] {
  return columns.filter(({ name, required }) => required || name === key[0]).map(({ name }) => name);
}

async function takeRows(
  session: Session,
  rejects: Rejects,
  input: CsvInput,
  columns: readonly CsvColumn[],
): Promise<void> {
  const raw = ident(`raw_${input.name}`);
  await rejects.cells(raw, columns);
  const names = columns.map(({ name }) => ident(name)).join(', ');
  const values = columns.map((column) => `${csvCall('csv_value', column)}::${TYPES[column.kind]}`).join(', ');
  await session.query(
    `insert into ${tableOf(input.name)} (line, row_key, ${names})
     select pp_line, ${literal(`${rejects.file} line `)} || pp_line, ${values} from ${raw} order by pp_line`,
  );
  await dropRowsWithoutKey(session, input);
  await dropRepeated(session, rejects, input);
  await session.query(`analyze ${tableOf(input.name)}`);
}

/** The key was there and could not be read: that is told as the fault of a cell already. */
async function dropRowsWithoutKey(session: Session, input: CsvInput): Promise<void> {
  const [first] = input.key;
  if (first) await session.query(`delete from ${tableOf(input.name)} where ${ident(first)} is null`);
}

/** As a table that is written row by row would have it: the later line counts. */
async function dropRepeated(session: Session, rejects: Rejects, input: CsvInput): Promise<void> {
  if (input.key.length === 0) return;
  const key = input.key.map(ident).join(', ');
  const repeated = `select line, max(line) over (partition by ${key}) as later from ${tableOf(input.name)}`;
  await rejects.rows(
    `select line, 'line ' || later || ' has the same ${input.key.join(', ')} and counts' as reason from (${repeated}) r where later > line`,
  );
  await session.query(
    `delete from ${tableOf(input.name)} where line in (select line from (${repeated}) r where later > line)`,
  );
}

/** Of an input, by its name. */
export function tableOf(input: string): string {
  return ident(`csv_${input}`);
}
