import { type Importer, importers } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import type { CsvLoaded } from './csv/load.ts';
import { countSoftErrors } from './soft_errors.ts';

export interface ImportResult {
  importer: string;
  /** Rows by staging table; for a table that is changed in place the cells to be changed. */
  counts: Record<string, number>;
  softErrors: number;
  /** CSV files that were read. */
  files?: string[];
  seconds: number;
  /** True when an earlier attempt had finished it: nothing was done again. */
  alreadyDone?: boolean;
}

/** The completion mark of this importer for this input, if there is one. */
export async function findMark(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  digest: string,
): Promise<ImportResult | undefined> {
  const { rows } = await session.query<{ counts: Record<string, number>; seconds: string; inputs: CsvLoaded[] }>(
    'select counts, seconds, inputs from pp_release.import_marks where release_id = $1 and importer = $2 and input_digest = $3',
    [release.releaseId, importer.name, digest],
  );
  const mark = rows[0];
  if (!mark) return undefined;
  const softErrors = await countSoftErrors(session, release, importer.name);
  return { ...resultOf(importer, mark.counts, mark.inputs, softErrors, Number(mark.seconds)), alreadyDone: true };
}

/**
 * Of an importer that is about to run, and of what comes after it: that was made from its rows, or writes into them, so it has to
 * run again although its input may look the same (a CSV file).
 */
export async function deleteMarks(session: Session, release: ReleaseRef, importer: Importer): Promise<void> {
  await session.query('delete from pp_release.import_marks where release_id = $1 and importer = any($2)', [
    release.releaseId,
    [importer.name, ...dependentsOf(importer.name)],
  ]);
}

function dependentsOf(name: string, found = new Set<string>()): Set<string> {
  for (const other of importers) {
    if (!other.after?.includes(name) || found.has(other.name)) continue;
    found.add(other.name);
    dependentsOf(other.name, found);
  }
  return found;
}

/** Written in the importer's own transaction: done, or nothing. */
export async function writeMark(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  mark: {
    digest: string;
    inputs: readonly CsvLoaded[];
    sample: number | undefined;
    seconds: number;
    softErrors: number;
  },
): Promise<ImportResult> {
  const counts: Record<string, number> = {};
  for (const table of importer.fills) {
    counts[table] = await count(session, `select count(*) as n from ${ident(stagingName(table))}`);
  }
  for (const table of importer.changes ?? []) {
    counts[table] = await count(
      session,
      'select count(*) as n from pp_release.live_changes where release_id = $1 and importer = $2 and relation = $3',
      [release.releaseId, importer.name, table],
    );
  }
  await session.query(
    `insert into pp_release.import_marks (release_id, importer, input_digest, counts, inputs, sample, seconds)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (release_id, importer) do update set input_digest = excluded.input_digest, counts = excluded.counts,
       inputs = excluded.inputs, sample = excluded.sample, seconds = excluded.seconds, finished_at = clock_timestamp()`,
    [
      release.releaseId,
      importer.name,
      mark.digest,
      JSON.stringify(counts),
      JSON.stringify(mark.inputs),
      mark.sample ?? null,
      mark.seconds,
    ],
  );
  return resultOf(importer, counts, mark.inputs, mark.softErrors, mark.seconds);
}

function resultOf(
  importer: Importer,
  counts: Record<string, number>,
  inputs: readonly CsvLoaded[],
  softErrors: number,
  seconds: number,
): ImportResult {
  const files = inputs.map(({ file }) => file);
  return { importer: importer.name, counts, softErrors, ...(files.length > 0 ? { files } : {}), seconds };
}

async function count(session: Session, sql: string, values: unknown[] = []): Promise<number> {
  const { rows } = await session.query<{ n: string }>(sql, values);
  return Number(rows[0]?.n);
}
