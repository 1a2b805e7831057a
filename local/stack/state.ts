import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessRecord } from './process.ts';

export interface PostgresState {
  source: 'environment' | 'private' | 'docker';
  port?: number;
  process?: ProcessRecord;
  /** Outside `dir` only where the server's user cannot be brought to a folder inside it. */
  dataDir?: string;
  binDir?: string;
  /** Set when the databases, roles and extensions are all there. */
  databasesReady?: boolean;
}

export interface TemporalState {
  port: number;
  uiPort: number;
  metricsPort: number;
  httpPort: number;
  binary: string;
  process?: ProcessRecord;
}

export interface WorkerState {
  process: ProcessRecord;
  /** The environment it was started with: a worker with an older one talks to the wrong ports. */
  env: StackEnv;
  /** The newest change of the sources at its start: a worker of older code runs older code. */
  sourcesChangedAt: number;
}

export interface StackEnv {
  PP_DATABASE_URL: string;
  PP_PORTAL_DATABASE_URL: string;
  PP_PORTAL_READER_URL: string;
  TEMPORAL_ADDRESS: string;
  TEMPORAL_NAMESPACE: string;
  PP_TEMPORAL_UI_URL: string;
  PP_CSV_DIR: string;
}

export type RoleName = 'postgres' | 'pp_release' | 'portal_owner' | 'portal_reader';

export interface StackState {
  version: 1;
  dir: string;
  passwords: Record<RoleName, string>;
  postgres?: PostgresState;
  temporal?: TemporalState;
  worker?: WorkerState;
  env?: StackEnv;
}

export const pathsOf = (dir: string) => ({
  state: join(dir, 'stack.json'),
  lock: join(dir, 'stack.lock'),
  logs: join(dir, 'log'),
  postgresLog: join(dir, 'log', 'postgres.log'),
  temporalLog: join(dir, 'log', 'temporal.log'),
  workerLog: join(dir, 'log', 'worker.log'),
  workerReady: join(dir, 'worker.ready'),
  postgresData: join(dir, 'postgres'),
  csv: join(dir, 'csv'),
  temporalDb: join(dir, 'temporal', 'temporal.db'),
});

/** Only its owner may enter: passwords and logs with data are in there. */
export function openStateDirectory(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const real = realpathSync(dir);
  chmodSync(real, 0o700);
  mkdirSync(pathsOf(real).logs, { recursive: true });
  return real;
}

// URL-safe, so that it stands in a connection URL as it is.
const newPassword = () => randomBytes(24).toString('base64url');

export const newState = (dir: string): StackState => ({
  version: 1,
  dir,
  passwords: {
    postgres: newPassword(),
    pp_release: newPassword(),
    portal_owner: newPassword(),
    portal_reader: newPassword(),
  },
});

/** Undefined if there is none, or it is damaged: `up` then finds what runs by other means, and makes a new one. */
export function readState(dir: string): StackState | undefined {
  let text: string;
  try {
    text = readFileSync(pathsOf(dir).state, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as StackState;
    return state.version === 1 && state.passwords !== undefined ? { ...state, dir } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Written beside and renamed: a process killed while writing leaves the old state, not half of the new. */
export function writeState(state: StackState): void {
  const { state: path } = pathsOf(state.dir);
  writeFileSync(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
