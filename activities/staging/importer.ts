import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { IMPORTERS_DIR, type Importer, tables } from '../../catalog/index.ts';
import type { Amount } from '../../contracts/index.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { requireStagingOf } from './holder.ts';
import { countInputs, findInputs, findUseless, loadInputs } from './inputs.ts';
import { carryColumns } from './live_values.ts';
import { deleteMarks, findMark, type ImportResult, writeMark } from './marks.ts';
import { watchGrowth } from './progress.ts';
import { judgeSoftErrors } from './soft_errors.ts';
import { copyLive, dropKeysOf } from './twin.ts';
import { requireTables } from './validate.ts';

export type { ImportResult };

const IMPORT_SETTINGS: Settings = { work_mem: '256MB', jit: 'off', synchronize_seqscans: 'off' };

/** Share of soft errors above which an importer fails, unless the release says otherwise. */
export const SOFT_ERROR_LIMIT_PERCENT = 5;

export interface ImportOptions {
  /** At most this many rows of each view. */
  sample?: number | undefined;
  /** Folder of the CSV files; without it an importer that can do without them keeps what live has. */
  csvDir?: string | undefined;
  softErrorLimitPercent?: number | undefined;
  onStep: (step: string) => void;
  onAmount?: (amount: Amount) => void;
}

/**
 * Runs one importer in one transaction with its completion mark: killed at any moment, it leaves nothing, and run again
 * it gives the same rows. A mark of the same input means that it is done.
 *
 * @throws ReleaseError ImportFailed for a hard error of the data, naming file and line where there is one
 */
export async function runImporter(
  db: Database,
  release: ReleaseRef,
  importer: Importer,
  options: ImportOptions,
): Promise<ImportResult> {
  const script = await readFile(`${IMPORTERS_DIR}${importer.name}.sql`, 'utf8');
  const stopWatching = watchGrowth(db, importer, options.onAmount ?? (() => undefined));
  try {
    const outcome = await db.transaction(
      (session) => importAll(session, release, importer, script, options),
      IMPORT_SETTINGS,
    );
    if (outcome instanceof ReleaseError) throw outcome;
    return outcome;
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.hardError) throw error;
    throw new ReleaseError('ImportFailed', `importer ${importer.name}: ${(error as Error).message}`, {
      importer: importer.name,
    });
  } finally {
    await stopWatching();
  }
}

/** @returns a refusal, and throws none of them: the rejects that tell why have to be committed */
async function importAll(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  script: string,
  { sample, csvDir, softErrorLimitPercent = SOFT_ERROR_LIMIT_PERCENT, onStep }: ImportOptions,
): Promise<ImportResult | ReleaseError> {
  await requireStagingOf(session, release);
  await requireTables(session);
  const inputs = await findInputs(session, release, importer, csvDir);
  const digest = createHash('sha256')
    .update(JSON.stringify([script, inputs.identity, sample ?? null]))
    .digest('hex');
  const done = await findMark(session, release, importer, digest);
  if (done) return done;
  const started = Date.now();
  await deleteRejects(session, release, importer);
  await clear(session, release, importer);
  await session.query(
    `select set_config('pp_release.release_id', $1, true), set_config('pp_release.started_at', $2, true),
            set_config('pp_release.sample', $3, true), set_config('pp_release.soft_error_limit', $4, true)`,
    [String(release.releaseId), release.startedAt, String(sample ?? ''), String(softErrorLimitPercent)],
  );
  const loaded = await loadInputs(session, importer, inputs, (file) => onStep(`read ${file}`));
  const steps = stepsOf(script);
  for (const [at, step] of steps.entries()) {
    onStep(`${step.title} (step ${at + 1} of ${steps.length})`);
    await session.query(step.sql);
  }
  for (const table of tables.filter(({ name, kind }) => importer.fills.includes(name) && kind !== 'lookup')) {
    await carryColumns(session, table);
  }
  const read = await countInputs(session, importer, loaded, sample);
  const { softErrors, refusal } = await judgeSoftErrors(session, release, importer.name, {
    read,
    useless: await findUseless(session, release, importer, loaded),
    limitPercent: softErrorLimitPercent,
  });
  if (refusal) {
    // Not rolled back: that would take the rejects along.
    await clear(session, release, importer);
    return refusal;
  }
  const seconds = (Date.now() - started) / 1000;
  return writeMark(session, release, importer, { digest, inputs: loaded, sample, seconds, softErrors });
}

interface Step {
  title: string;
  sql: string;
}

/** An importer's file is cut at its `-- step: title` lines; what stands before the first one is comment. */
export function stepsOf(script: string): Step[] {
  return script
    .split(/^-- step: /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return { title: part.slice(0, end).trim(), sql: part.slice(end + 1) };
    });
}

async function deleteRejects(session: Session, release: ReleaseRef, importer: Importer): Promise<void> {
  await session.query('delete from pp_release.rejects where release_id = $1 and importer = $2', [
    release.releaseId,
    importer.name,
  ]);
}

/** What a run of the importer has left, its mark too; its lookups get live's rows again, and no other table has any of them. */
async function clear(session: Session, release: ReleaseRef, importer: Importer): Promise<void> {
  await deleteMarks(session, release, importer);
  await session.query(
    'insert into pp_release.filled (release_id, relation) select $1, unnest($2::text[]) on conflict do nothing',
    [release.releaseId, importer.fills],
  );
  await session.query('delete from pp_release.live_changes where release_id = $1 and importer = $2', [
    release.releaseId,
    importer.name,
  ]);
  await dropKeysOf(session, importer.fills.map(stagingName));
  for (const table of tables.filter((candidate) => importer.fills.includes(candidate.name))) {
    await empty(session, ident(stagingName(table.name)));
    if (table.kind === 'lookup') await copyLive(session, table);
  }
}

/** TRUNCATE locks out whoever looks at the table's size, so it is not used on one that is empty. */
async function empty(session: Session, table: string): Promise<void> {
  const { rows } = await session.query<{ filled: boolean }>(`select exists (select from ${table}) as filled`);
  if (rows[0]?.filled) await session.query(`truncate ${table}`);
}
