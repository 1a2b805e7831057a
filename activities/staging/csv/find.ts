import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { CsvInput } from '../../../catalog/index.ts';
import { ReleaseError } from '../../postgres/errors.ts';

/** Dated files are published with the month they describe; one of the month before is as usual as its own. */
const MONTHS_UNTIL_STALE = 1;

export interface CsvFile {
  path: string;
  /** Without its folder: what messages and the manifest call it. */
  name: string;
  /** What is worth a note: it is old, or another file has a name that cannot be read. */
  notes: string[];
}

/**
 * The file of an input: the newest by the date in its name, and of no later month than the release. Files are looked for in
 * the folder itself and in its folder statistics/.
 *
 * @param label of the release, such as Apr2026
 * @throws ReleaseError ImportFailed when there is none, or only later ones, or two of which either may be meant
 */
export async function findCsv(dir: string, input: CsvInput, label: string): Promise<CsvFile> {
  const files = await listFiles(dir);
  if (!input.dated) {
    const found = files.filter(({ name }) => name.toLowerCase() === `${input.name}.csv`);
    if (found.length > 1) throw ambiguous(dir, input.name, found);
    if (found[0]) return { ...found[0], notes: [] };
    throw missing(input, dir, `there is no ${input.name}.csv`);
  }
  const pattern = new RegExp(`^${input.name}_([0-9]{4}-[0-9]{2}-[0-9]{2})\\.+csv$`, 'i');
  const dated: { path: string; name: string; date: string }[] = [];
  const notes: string[] = [];
  for (const file of files) {
    const date = pattern.exec(file.name)?.[1];
    if (date && isDate(date)) dated.push({ ...file, date });
    else if (new RegExp(`^${input.name}_.*csv$`, 'i').test(file.name)) {
      notes.push(`${file.name} is not read: its name has no date such as ${input.name}_2026-03-01.csv`);
    }
  }
  const month = monthOf(label);
  dated.sort((a, b) => b.date.localeCompare(a.date));
  const newest = dated.find(({ date }) => date.slice(0, 7) <= month);
  if (!newest) {
    const others = dated.map(({ name }) => name).join(', ');
    throw missing(
      input,
      dir,
      others
        ? `release ${label} cannot use files of a later month (${others})`
        : `there is no ${input.name}_YYYY-MM-DD.csv`,
    );
  }
  const alike = dated.filter(({ date }) => date === newest.date);
  if (alike.length > 1) throw ambiguous(dir, `${input.name} of ${newest.date}`, alike);
  const age = monthsBetween(newest.date.slice(0, 7), month);
  if (age > MONTHS_UNTIL_STALE) notes.push(`${newest.name} is the newest, ${age} months older than release ${label}`);
  return { path: newest.path, name: newest.name, notes };
}

async function listFiles(dir: string): Promise<{ path: string; name: string }[]> {
  const names = async (folder: string) => {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => ({ path: join(folder, name), name }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  try {
    const inside = await names(dir);
    return [...inside, ...(await names(join(dir, 'statistics')).catch(ignoreMissing))];
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ReleaseError('ImportFailed', `the folder of CSV files, PP_CSV_DIR=${dir}, cannot be read (${why})`, {
      dir,
    });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}

function missing(input: CsvInput, dir: string, why: string): ReleaseError {
  const message = `${why} in ${dir}; put the file there and start again with startAt import_core, or leave out the importer that reads it`;
  return new ReleaseError('ImportFailed', message, { input: input.name, dir });
}

/** To take one of them would be to guess: a corrected file is as often beside the old one as in its place. */
function ambiguous(dir: string, what: string, files: readonly { path: string }[]): ReleaseError {
  const names = files.map(({ path }) => relative(dir, path));
  const message = `there are ${files.length} files ${what} in ${dir}: ${names.join(', ')}; take away those that are not meant and start again with startAt import_core`;
  return new ReleaseError('ImportFailed', message, { files: names, dir });
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Apr2026 as 2026-04. */
function monthOf(label: string): string {
  const month = new Date(`1 ${label.slice(0, 3)} ${label.slice(3)} UTC`).getUTCMonth() + 1;
  return `${label.slice(3)}-${String(month).padStart(2, '0')}`;
}

function monthsBetween(earlier: string, later: string): number {
  const months = (text: string) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
  return months(later) - months(earlier);
}
