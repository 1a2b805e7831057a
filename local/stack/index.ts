import { existsSync, rmSync, statfsSync } from 'node:fs';
import { withLock } from '../lock.mjs';
import { StackError } from './errors.ts';
import { stopContainer } from './postgres/docker.ts';
import { type DatabaseUrls, ensurePostgres } from './postgres/index.ts';
import { stopServer } from './postgres/server.ts';
import { terminate } from './process.ts';
import type { Progress } from './progress.ts';
import { processesOf } from './scan.ts';
import { prepareSchemas } from './schemas.ts';
import {
  newState,
  openStateDirectory,
  pathsOf,
  readState,
  type StackEnv,
  type StackState,
  writeState,
} from './state.ts';
import { ensureTemporal, TEMPORAL_NAMESPACE } from './temporal/server.ts';
import { ensureWorker, stopWorker } from './worker.ts';

export { superuserUrlOf } from './postgres/index.ts';
export type { Progress } from './progress.ts';
export type { StackEnv, StackState } from './state.ts';
export { type ProcessStatus, status } from './status.ts';

export interface UpOptions {
  dir: string;
  worker: boolean;
  progress: Progress;
  /** False leaves the databases empty: for tests of the stack itself. */
  migrate?: boolean;
  /** False ignores PP_DATABASE_URL and the like: tests create and drop databases, and do so on their own server only. */
  useNamedServers?: boolean;
}

const LEAST_FREE_MB = 500;

function requireDiskSpace(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
  if (freeMb >= LEAST_FREE_MB) return;
  throw new StackError(
    'There is not enough disk space for the stack.',
    `The file system of ${dir} has ${freeMb} MB free; PostgreSQL and Temporal need at least ${LEAST_FREE_MB} MB.`,
    'Free some space there and run the command again.',
  );
}

const environmentOf = (urls: DatabaseUrls, temporal: { port: number; uiPort: number }): StackEnv => ({
  PP_DATABASE_URL: urls.databaseUrl,
  PP_PORTAL_DATABASE_URL: urls.portalUrl,
  PP_PORTAL_READER_URL: urls.portalReaderUrl,
  TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
  TEMPORAL_NAMESPACE,
  PP_TEMPORAL_UI_URL: `http://127.0.0.1:${temporal.uiPort}`,
});

/** Both must come to their end before an error is told: else `down` might run while one of them still starts. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

function exclusively<T>(dir: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  return withLock(pathsOf(dir).lock, work, (pid) =>
    progress(`Another command (process ${pid}) is at work on this stack; waiting for it …`),
  );
}

/** Brings up what is not up: once, twice or after a crash, the end is the same running stack. */
export async function up(options: UpOptions): Promise<StackState> {
  const dir = openStateDirectory(options.dir);
  return exclusively(dir, options.progress, async () => {
    requireDiskSpace(dir);
    const known = readState(dir);
    const state = known ?? newState(dir);
    if (known === undefined) {
      await endProcesses(state);
      writeState(state);
    }
    const [urls, temporal] = await both(
      ensurePostgres(state, options.progress, options.useNamedServers ?? true),
      ensureTemporal(state, options.progress),
    );
    state.env = environmentOf(urls, temporal);
    writeState(state);
    if (options.migrate ?? true) await prepareSchemas(urls, options.progress);
    if (options.worker) await ensureWorker(state, state.env, options.progress);
    return state;
  });
}

/** By the state file first, politely and in order; then by a scan for whatever the file does not know. */
async function endProcesses(state: StackState): Promise<void> {
  const dataDir = state.postgres?.dataDir ?? pathsOf(state.dir).postgresData;
  await stopWorker(state);
  const others = processesOf(state.dir, dataDir).filter(({ isPostgres }) => !isPostgres);
  await terminate(others, [['SIGTERM', 10_000]]);
  await stopServer(state.dir, dataDir);
}

async function stop(dir: string, alsoData: boolean): Promise<void> {
  const state = readState(dir) ?? newState(dir);
  await endProcesses(state);
  if (state.postgres?.source === 'docker') await stopContainer(state, alsoData);
  rmSync(pathsOf(dir).workerReady, { force: true });
  delete state.postgres?.process;
  delete state.temporal?.process;
  delete state.worker;
  if (existsSync(pathsOf(dir).state)) writeState(state);
  if (alsoData && state.postgres?.dataDir !== undefined) {
    rmSync(state.postgres.dataDir, { recursive: true, force: true });
  }
}

export interface DownOptions {
  dir: string;
  progress?: Progress;
}

/** Leaves no process; keeps the data. */
export async function down({ dir, progress = () => {} }: DownOptions): Promise<void> {
  if (!existsSync(dir)) return;
  const real = openStateDirectory(dir);
  await exclusively(real, progress, () => stop(real, false));
}

/** Leaves no process and no data. Other folders inside `dir` (another stack's, the cache of a test) stay. */
export async function reset({ dir, progress = () => {} }: DownOptions): Promise<void> {
  if (!existsSync(dir)) return;
  const real = openStateDirectory(dir);
  await exclusively(real, progress, async () => {
    await stop(real, true);
    const paths = pathsOf(real);
    for (const path of [paths.postgresData, `${real}/temporal`, paths.logs, paths.state]) {
      rmSync(path, { recursive: true, force: true });
    }
  });
}
