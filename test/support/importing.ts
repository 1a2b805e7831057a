import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { createStagingViews, indexStagingViews } from '../../activities/portal/materialized_views.ts';
import { createPool, Database } from '../../activities/postgres/database.ts';
import { insertRelease, type ReleaseRef, refOf } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { type ImportOptions, type ImportResult, runImporter } from '../../activities/staging/importer.ts';
import { importers } from '../../catalog/index.ts';
import { seed } from '../../local/portal/seed.ts';
import { createTestDatabases } from './database.ts';

export interface Reject {
  reason: string;
  row_key: string;
  severity: 'soft' | 'note';
  details: Record<string, unknown>;
}

/** Staging of one release, and importers to run on files of a folder of its own, again and again. */
export interface Importing {
  csvDir: string;
  /** Puts a file into the folder; undefined takes it away. */
  file(name: string, content: string | Buffer | undefined): void;
  run(importer: string, options?: Partial<ImportOptions>): Promise<ImportResult>;
  /** Of the last run of an importer, by line. */
  rejects(importer: string): Promise<Reject[]>;
  rows<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

/** @param first importers that are run at once: what the others build on */
export async function openImporting(
  first: readonly string[] = [],
  { label = 'Apr2026', sites = 60 } = {},
): Promise<Importing> {
  const databases = await createTestDatabases();
  await seed({ url: databases.portalUrl, sites });
  const pool = createPool(databases.databaseUrl, 4);
  const db = new Database(pool, { applicationName: 'importing' });
  const dir = mkdtempSync(join(tmpdir(), 'pp csv '));
  const release = await stage(db, label);
  const importing: Importing = {
    csvDir: dir,
    file: (name, content) => {
      if (content === undefined) return rmSync(join(dir, name));
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), content);
    },
    run: (name, options = {}) => {
      const importer = importers.find((candidate) => candidate.name === name);
      if (!importer) throw new Error(`no importer ${name}`);
      return runImporter(db, release, importer, { csvDir: dir, onStep: () => undefined, ...options });
    },
    rejects: (importer) =>
      db.query(
        `select reason, row_key, severity, details from pp_release.rejects where release_id = $1 and importer = $2
         order by (details->>'line')::int nulls first, row_key, reason`,
        [release.releaseId, importer],
      ),
    rows: (sql, values = []) => db.query(sql, values),
    close: async () => {
      await pool.end();
      await databases.drop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  for (const name of first) await importing.run(name, { csvDir: undefined });
  return importing;
}

async function stage(db: Database, label: string): Promise<ReleaseRef> {
  const release = await db.transaction(async (session) =>
    refOf(session, await insertRelease(session, { label, mode: 'direct', workflowId: 'importing', runId: 'test' })),
  );
  await createStagingViews(db);
  await indexStagingViews(db);
  const imported = new Set(importers.flatMap(({ fills }) => fills));
  await buildStaging(db, { releaseId: release.releaseId, lightweight: false, imported });
  return release;
}
