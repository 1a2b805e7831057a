import type pg from 'pg';
import type { AttemptLimits } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { runFollowUps } from '../../activities/live/follow_ups.ts';
import { prepareStaging } from '../../activities/live/prepare.ts';
import { planPromote } from '../../activities/live/promote.ts';
import {
  attemptRollback,
  prepareRollback,
  type RollbackAttempt,
  type RollbackOptions,
} from '../../activities/live/rollback.ts';
import { attemptSwap, type SwapAttempt } from '../../activities/live/swap.ts';
import { createStagingViews, indexStagingViews } from '../../activities/portal/materialized_views.ts';
import { createPool, Database } from '../../activities/postgres/database.ts';
import { insertRelease, type ReleaseRef, refOf } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { runImporter } from '../../activities/staging/importer.ts';
import { writeManifest } from '../../activities/staging/manifest.ts';
import { type Importer, importers, needsCsv } from '../../catalog/index.ts';
import { seed } from '../../local/portal/seed.ts';
import { createTestDatabases, type TestDatabases } from './database.ts';

export const LIMITS: AttemptLimits = { roundMs: 3_000, statementTimeoutMs: 30_000 };
const QUIET = () => undefined;

export interface StageOptions {
  softErrorLimitPercent?: number;
  acceptShape?: boolean;
}

/** A live database and its portal, and releases made by calling the rooms: what stands below Temporal. */
export interface Rooms {
  databases: TestDatabases;
  pool: pg.Pool;
  db: Database;
  /** Fills the portal as it stands `month` months later. */
  seed(month: number): Promise<void>;
  /** Those that can run here. */
  importers: readonly Importer[];
  csvDir: string | undefined;
  /** A release up to its manifest: staging is full. */
  stage(label: string, options?: StageOptions): Promise<ReleaseRef>;
  prepare(release: ReleaseRef): Promise<void>;
  swap(release: ReleaseRef, limits?: Partial<AttemptLimits>): Promise<SwapAttempt>;
  /** Stages, prepares and swaps. @returns the release, and the stamp of what was live before */
  release(label: string): Promise<{ release: ReleaseRef; stamp: string }>;
  rollback(release: ReleaseRef, stamp: string, options?: Partial<RollbackOptions>): Promise<RollbackAttempt>;
  /** Rows of a query on the live database. */
  rows<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

/** @param csvDir folder of CSV files; without one the importers that need it are left out */
export async function openRooms(sites = 150, given?: TestDatabases, csvDir?: string): Promise<Rooms> {
  const databases = given ?? (await createTestDatabases());
  const pool = createPool(databases.databaseUrl, 4);
  const db = new Database(pool, { applicationName: 'rooms' });
  const rooms: Rooms = {
    databases,
    pool,
    db,
    seed: async (month) => {
      await seed({ url: databases.portalUrl, sites, month });
    },
    importers: importersOf(csvDir),
    csvDir,
    stage: (label, options) => stage(db, label, csvDir, options),
    prepare: async (release) =>
      void (await prepareStaging(
        db,
        release,
        async (session) => planPromote(session, release.releaseId, await freeStamp(session)),
        QUIET,
      )),
    swap: async (release, limits = {}) => {
      const attempt = await attemptSwap(db, release, { ...LIMITS, ...limits });
      if (attempt.outcome === 'swapped') await runFollowUps(db, QUIET);
      return attempt;
    },
    release: async (label) => {
      const release = await rooms.stage(label);
      await rooms.prepare(release);
      const attempt = await rooms.swap(release);
      if (attempt.outcome !== 'swapped') throw new Error(`not swapped: ${JSON.stringify(attempt)}`);
      return { release, stamp: attempt.stamp };
    },
    rollback: async (release, stamp, given = {}) => {
      const options = { stamp, discardStaging: false, ...given };
      await prepareRollback(db, release, options, QUIET);
      const attempt = await attemptRollback(db, release, options, LIMITS);
      if (attempt.outcome === 'rolled back') await runFollowUps(db, QUIET);
      return attempt;
    },
    rows: (sql, values = []) => db.query(sql, values),
    close: async () => {
      await pool.end();
      await databases.drop();
    },
  };
  return rooms;
}

const importersOf = (csvDir: string | undefined) => importers.filter((one) => csvDir !== undefined || !needsCsv(one));

async function stage(
  db: Database,
  label: string,
  csvDir: string | undefined,
  { softErrorLimitPercent, acceptShape }: StageOptions = {},
): Promise<ReleaseRef> {
  const release = await db.transaction(async (session) => {
    const id = await insertRelease(session, { label, mode: 'direct', workflowId: `test ${label}`, runId: 'test' });
    return refOf(session, id);
  });
  await createStagingViews(db, { acceptShape });
  await indexStagingViews(db);
  const here = importersOf(csvDir);
  const imported = new Set(here.flatMap(({ fills }) => fills));
  await buildStaging(db, { releaseId: release.releaseId, lightweight: false, imported, acceptShape });
  for (const importer of here) {
    await runImporter(db, release, importer, { csvDir, softErrorLimitPercent, onStep: QUIET });
  }
  await writeManifest(db, release, { importers: here.map(({ name }) => name) });
  return release;
}
