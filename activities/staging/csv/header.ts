import type { CsvColumn, CsvInput } from '../../../catalog/index.ts';
import type { ReleaseError } from '../../postgres/errors.ts';
import type { CsvFile } from './find.ts';
import { unusable } from './scan.ts';

export interface CsvHeader {
  /** Columns of the input that the file has. */
  columns: readonly CsvColumn[];
  /** Where each of `columns` stands in a line, from 0. */
  places: readonly number[];
  /** Number of columns with a name or a place before one: more filled cells than that are a fault of the row. */
  width: number;
  notes: string[];
}

/**
 * Reads the header: case, blanks around names and the order of columns do not matter, nor empty names at the end.
 *
 * @throws ReleaseError ImportFailed naming the columns that are missing or there twice
 */
export function readHeader(file: CsvFile, input: CsvInput, cells: readonly string[]): CsvHeader {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  while (names.at(-1) === '') names.pop();
  const missing = input.columns.filter(({ name, optional }) => !optional && !names.includes(name));
  if (missing.length > 0) throw lacks(file, missing, names);
  const known = new Set(input.columns.map(({ name }) => name));
  const doubled = names.filter((name, at) => known.has(name) && names.indexOf(name) !== at);
  if (doubled.length > 0) throw unusable(file, `line 1 has the column ${doubled.join(', ')} twice`);
  const columns = input.columns.filter(({ name }) => names.includes(name));
  const strangers = names.filter((name) => !known.has(name)).map((name) => name || 'a column without a name');
  const notes = input.wide || strangers.length === 0 ? [] : [`columns that nobody reads: ${strangers.join(', ')}`];
  return { columns, places: columns.map(({ name }) => names.indexOf(name)), width: names.length, notes };
}

function lacks(file: CsvFile, missing: readonly CsvColumn[], names: readonly string[]): ReleaseError {
  const lacking = missing.map(({ name }) => name).join(', ');
  return unusable(
    file,
    `line 1 has no column ${lacking}; its columns are ${names.filter(Boolean).join(', ') || 'none'}`,
  );
}
