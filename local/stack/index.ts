import { statfsSync } from 'node:fs';
import { StackError } from './errors.ts';
import { type DatabaseUrls, ensurePostgres } from './postgres/index.ts';
import type { Progress } from './progress.ts';
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
import { status } from './status.ts';
import { endProcesses, exclusively, stopAll } from './stop.ts';
import { ensureTemporal, TEMPORAL_NAMESPACE } from './temporal/server.ts';
import { ensureWorker } from './worker.ts';

export { superuserUrlOf } from './postgres/index.ts';
export type { Progress } from './progress.ts';
export type { StackEnv, StackState } from './state.ts';
export { type ProcessStatus, status } from './status.ts';
export { down, reset } from './stop.ts';

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

const environmentOf = (dir: string, urls: DatabaseUrls, temporal: { port: number; uiPort: number }): StackEnv => ({
  PP_DATABASE_URL: urls.databaseUrl,
  PP_PORTAL_DATABASE_URL: urls.portalUrl,
  PP_PORTAL_READER_URL: urls.portalReaderUrl,
  TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
  TEMPORAL_NAMESPACE,
  PP_TEMPORAL_UI_URL: `http://127.0.0.1:${temporal.uiPort}`,
  PP_CSV_DIR: pathsOf(dir).csv,
});

/** Both must come to their end before an error is told: else `down` might run while one of them still starts. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
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
    const wasDown = status({ dir }).every((one) => one.state !== 'running');
    try {
      await bringUp(state, options);
    } catch (error) {
      // Nothing half done: what was not up before is not up after a failure.
      if (wasDown) await stopAll(state);
      throw error;
    }
    return state;
  });
}

async function bringUp(state: StackState, options: UpOptions): Promise<void> {
  const [urls, temporal] = await both(
    ensurePostgres(state, options.progress, options.useNamedServers ?? true),
    ensureTemporal(state, options.progress),
  );
  state.env = environmentOf(state.dir, urls, temporal);
  writeState(state);
  if (options.migrate ?? true) await prepareSchemas(state.env, options.progress);
  if (options.worker) await ensureWorker(state, state.env, options.progress);
}
