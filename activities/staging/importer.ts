import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { IMPORTERS_DIR, type Importer, tables } from '../../catalog/index.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { copyLive } from './build.ts';
import { requireStagingOf } from './holder.ts';

const IMPORT_SETTINGS: Settings = { work_mem: '256MB', jit: 'off', synchronize_seqscans: 'off' };

export interface ImportResult {
  importer: string;
  /** Rows by staging table. */
  counts: Record<string, number>;
  softErrors: number;
  seconds: number;
  /** True when an earlier attempt had finished it: nothing was done again. */
  alreadyDone?: boolean;
}

export interface ImportOptions {
  /** At most this many rows of each view. */
  sample?: number | undefined;
  onStep: (step: string) => void;
}

/**
 * Runs one importer in one transaction with its completion mark: killed at any moment, it leaves nothing, and run again
 * it gives the same rows. A mark of the same input means that it is done.
 */
export async function runImporter(
  db: Database,
  release: ReleaseRef,
  importer: Importer,
  options: ImportOptions,
): Promise<ImportResult> {
  const script = await readFile(`${IMPORTERS_DIR}${importer.name}.sql`, 'utf8');
  return db.transaction(async (session) => {
    await requireStagingOf(session, release);
    const digest = await inputDigest(session, script, importer, options.sample);
    const done = await findMark(session, release, importer, digest);
    if (done) return done;
    const started = Date.now();
    await emptyTables(session, release, importer);
    await session.query(
      `select set_config('pp_release.release_id', $1, true), set_config('pp_release.started_at', $2, true),
              set_config('pp_release.sample', $3, true)`,
      [String(release.releaseId), release.startedAt, options.sample === undefined ? '' : String(options.sample)],
    );
    for (const step of stepsOf(script)) {
      options.onStep(step.title);
      await session.query(step.sql);
    }
    return writeMark(session, release, importer, digest, (Date.now() - started) / 1000);
  }, IMPORT_SETTINGS);
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

/** The same views (they are filled as a whole, so their OIDs and files tell) and the same script give the same rows. */
async function inputDigest(session: Session, script: string, importer: Importer, sample?: number): Promise<string> {
  const { rows } = await session.query<{ relname: string }>(
    'select relname, oid::text, relfilenode::text from pg_class where relname = any($1) order by relname',
    [importer.reads.map(stagingName)],
  );
  const missing = importer.reads.map(stagingName).filter((name) => !rows.some((row) => row.relname === name));
  if (missing.length > 0) {
    const message = `staging views missing: ${missing.join(', ')}; run the release from create_staging_materialized_views`;
    throw new ReleaseError('StagingUnfit', message, { missing });
  }
  return createHash('sha256')
    .update(JSON.stringify([script, rows, sample ?? null]))
    .digest('hex');
}

async function findMark(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  digest: string,
): Promise<ImportResult | undefined> {
  const { rows } = await session.query<{ counts: Record<string, number>; seconds: string; soft_errors: string }>(
    `select counts, seconds,
            (select count(*) from pp_release.rejects r where r.release_id = m.release_id and r.importer = m.importer) as soft_errors
     from pp_release.import_marks m where release_id = $1 and importer = $2 and input_digest = $3`,
    [release.releaseId, importer.name, digest],
  );
  const mark = rows[0];
  if (!mark) return undefined;
  const { counts, seconds, soft_errors } = mark;
  return {
    importer: importer.name,
    counts,
    softErrors: Number(soft_errors),
    seconds: Number(seconds),
    alreadyDone: true,
  };
}

async function emptyTables(session: Session, release: ReleaseRef, importer: Importer): Promise<void> {
  await session.query('delete from pp_release.rejects where release_id = $1 and importer = $2', [
    release.releaseId,
    importer.name,
  ]);
  await dropKeysTo(session, importer.fills.map(stagingName));
  for (const table of tables.filter((candidate) => importer.fills.includes(candidate.name))) {
    await session.query(`truncate ${ident(stagingName(table.name))}`);
    if (table.kind === 'lookup') await copyLive(session, table);
  }
}

/** An earlier run may have added the foreign keys already, and then TRUNCATE refuses; they are added again before the swap. */
async function dropKeysTo(session: Session, staging: readonly string[]): Promise<void> {
  const { rows } = await session.query<{ name: string; referencing: string }>(
    `select conname as name, conrelid::regclass::text as referencing from pg_constraint
     where contype = 'f' and confrelid = any($1::regclass[])`,
    [staging.map(ident)],
  );
  for (const { name, referencing } of rows) {
    await session.query(`alter table ${referencing} drop constraint ${ident(name)}`);
  }
}

async function writeMark(
  session: Session,
  release: ReleaseRef,
  importer: Importer,
  digest: string,
  seconds: number,
): Promise<ImportResult> {
  const counts: Record<string, number> = {};
  for (const table of importer.fills) {
    const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${ident(stagingName(table))}`);
    counts[table] = Number(rows[0]?.n);
  }
  const { rows } = await session.query<{ n: string }>(
    'select count(*) as n from pp_release.rejects where release_id = $1 and importer = $2',
    [release.releaseId, importer.name],
  );
  await session.query(
    `insert into pp_release.import_marks (release_id, importer, input_digest, counts, seconds) values ($1, $2, $3, $4, $5)
     on conflict (release_id, importer) do update set input_digest = excluded.input_digest, counts = excluded.counts,
       seconds = excluded.seconds, finished_at = clock_timestamp()`,
    [release.releaseId, importer.name, digest, JSON.stringify(counts), seconds],
  );
  return { importer: importer.name, counts, softErrors: Number(rows[0]?.n), seconds };
}
