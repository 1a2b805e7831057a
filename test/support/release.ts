import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client as TemporalClient } from '@temporalio/client';
import pg from 'pg';
import { inject } from 'vitest';
import { ROOT } from '../../local/paths.ts';
import { seed } from '../../local/portal/seed.ts';
import { createTestDatabases, type TestDatabases } from './database.ts';
import type { CommandOutcome } from './stack.ts';
import { createNamespace } from './temporal.ts';
import { cleanEnvironment, startWorker, type TestWorker } from './worker.ts';

export interface ReleaseHarness {
  databases: TestDatabases;
  /** Client of this file's own namespace. */
  temporal: TemporalClient;
  /** Addresses as the command line and the worker get them. */
  env: Record<string, string>;
  manifestDir: string;
  logPath: string;
  /** Runs `pp-release ARGS` to its end, as a person would from a terminal. */
  pp(args: string[], env?: Record<string, string>, to?: CommandOutput): Promise<CommandOutcome>;
  /** Ends the worker that runs, if one does, and starts one with other settings. */
  restartWorker(env?: Record<string, string>): Promise<void>;
  stopWorker(signal?: NodeJS.Signals): Promise<void>;
  /** Fills the portal as it stands `month` months later. */
  seed(month?: number): Promise<void>;
  /** Rows of a query on the live database. */
  live<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  portal<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** A session of somebody else, open until `close`. */
  session(application: string, on?: 'live' | 'portal'): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  sites?: number;
  /** False leaves the portal without rows. */
  filled?: boolean;
  /** False starts no worker. */
  worker?: boolean;
  workerEnv?: Record<string, string>;
  /** Databases that are there already; they are dropped with the rest. */
  databases?: TestDatabases;
}

/** All that a test file needs for real releases; `close` ends and removes everything, whatever happened before. */
export async function createHarness(options: HarnessOptions = {}): Promise<ReleaseHarness> {
  const { sites = 300, filled = true, worker: wanted = true, workerEnv = {} } = options;
  const undo: (() => unknown)[] = [];
  const close = async () => {
    const faults: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await Promise.resolve(step()).catch((fault) => faults.push(fault));
    if (faults.length > 0) throw faults.length === 1 ? faults[0] : new AggregateError(faults, 'the clean-up failed');
  };
  try {
    const dir = mkdtempSync(join(tmpdir(), 'pp release test '));
    undo.push(async () => rmSync(dir, { recursive: true, force: true }));
    const databases = options.databases ?? (await createTestDatabases());
    undo.push(() => databases.drop());
    const { TEMPORAL_ADDRESS } = inject('stackEnv');
    const namespace = await createNamespace(TEMPORAL_ADDRESS);
    undo.push(() => namespace.close());
    const env = {
      PP_DATABASE_URL: databases.databaseUrl,
      TEMPORAL_ADDRESS,
      TEMPORAL_NAMESPACE: namespace.name,
      PP_MANIFEST_DIR: join(dir, 'manifests'),
      PP_RELEASE_LOG_PATH: join(dir, 'log', 'portal_release.log'),
      // Most tests of failures look at their end; those of waiting say --on-failure wait.
      PP_RELEASE_ON_FAILURE: 'fail',
    };
    const fill = async (month = 0) => {
      await seed({ url: databases.portalUrl, sites, month });
    };
    let worker: TestWorker | undefined;
    const stopWorker = async (signal?: NodeJS.Signals) => {
      await worker?.stop(signal);
      worker = undefined;
    };
    undo.push(() => stopWorker('SIGKILL'));
    const restartWorker = async (more: Record<string, string> = {}) => {
      await stopWorker();
      worker = await startWorker(dir, { ...env, ...more });
    };
    const sessions = new Set<pg.Client>();
    undo.push(() => Promise.all([...sessions].map((session) => session.end())));
    const [live, portal] = [keptConnection(databases.databaseUrl), keptConnection(databases.portalUrl)];
    undo.push(() => Promise.all([live.end(), portal.end()]));
    await Promise.all([filled && fill(), wanted && restartWorker(workerEnv)]);
    return {
      databases,
      temporal: namespace.client,
      env,
      manifestDir: env.PP_MANIFEST_DIR,
      logPath: env.PP_RELEASE_LOG_PATH,
      pp: (args, more = {}, to = {}) => runCommandLine(args, { ...env, ...more }, to),
      restartWorker,
      stopWorker,
      seed: fill,
      live: async (sql, values) => (await live.query(sql, values)).rows,
      portal: async (sql, values) => (await portal.query(sql, values)).rows,
      session: async (application, on = 'live') => {
        const url = on === 'live' ? databases.databaseUrl : databases.portalUrl;
        const client = new pg.Client({ connectionString: url, application_name: application });
        await client.connect();
        // A test may end the session from outside.
        client.on('error', () => sessions.delete(client));
        client.once('end', () => sessions.delete(client));
        sessions.add(client);
        return client;
      },
      close,
    };
  } catch (error) {
    await close().catch((fault) => console.error(fault));
    throw error;
  }
}

const COMMAND_LIMIT_MS = 100_000;

/** Where a command's output goes instead of to the test: to a file, or to a pipe that nobody reads. */
export interface CommandOutput {
  stdout?: number | 'closed';
  stderr?: number;
}

/** Runs `pp-release` with exactly these settings. */
export async function runCommandLine(
  args: string[],
  env: Record<string, string>,
  to: CommandOutput = {},
): Promise<CommandOutcome> {
  const child = spawn(process.execPath, ['client/bin.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', typeof to.stdout === 'number' ? to.stdout : 'pipe', to.stderr ?? 'pipe'],
    env: { ...cleanEnvironment(), ...env },
  });
  if (to.stdout === 'closed') child.stdout?.destroy();
  // A command that hangs fails its test, and must not outlive it.
  const limit = setTimeout(() => child.kill('SIGKILL'), COMMAND_LIMIT_MS);
  const outcome: CommandOutcome = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  return { ...outcome, code };
}

/** What is looked at again and again until it comes to pass needs no connection for each look: half of the time went there. */
function keptConnection(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, application_name: 'test', max: 4, idleTimeoutMillis: 2_000 });
  // A test may end every session of a database; the next query gets another one.
  pool.on('error', () => undefined);
  return pool;
}

export async function ask<Row extends pg.QueryResultRow>(url: string, sql: string, values?: unknown[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
