import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { logSize, readLog } from '../log-file.ts';
import { areGone, isAlive, type ProcessRecord, signal, startDetached, terminate } from '../process.ts';
import { type FoundProcess, processesOf } from '../scan.ts';
import { type Cluster, explainFailure } from './cluster.ts';

const START_LIMIT_MS = 180_000;
const FAST_SHUTDOWN_LIMIT_MS = 20_000;
const CANNOT_CONNECT_NOW = '57P03';
export const INVALID_PASSWORD = '28P01';

export const urlFor = (role: string, password: string, port: number, database: string): string =>
  `postgresql://${role}:${password}@127.0.0.1:${port}/${database}`;

/** Runs `work` on one connection of its own. */
export async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, application_name: 'pp-stack' });
  // A server killed while we are connected reports itself here as well as in the query that fails.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export type Answer = 'ready' | 'starting' | 'wrong password' | 'nobody';

/** Asks the server itself: a listening port alone may be anybody's, or a server that still recovers. */
export async function probe(url: string): Promise<Answer> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'));
    return 'ready';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === CANNOT_CONNECT_NOW) return 'starting';
    if (code === INVALID_PASSWORD) return 'wrong password';
    // Refused, reset, or no PostgreSQL at all: in each case ours is not ready there.
    return 'nobody';
  }
}

/** What a killed postmaster leaves: children that still hold its shared memory, and its pid file. */
export async function clearRemains({ access }: Cluster, dir: string): Promise<void> {
  await stopServer(dir, access.dataDir);
  // Nobody uses the directory now, so the pid in there is stale, and may by now be another process's.
  rmSync(join(access.dataDir, 'postmaster.pid'), { force: true });
}

/** Starts the server and waits until it answers; `started` hears of the process at once, for the state file. */
export async function startServer(
  cluster: Cluster,
  dir: string,
  url: string,
  started: (record: ProcessRecord) => void,
): Promise<Answer> {
  const logStart = logSize(cluster.log);
  const { record, exited } = await cluster.access.withDescriptors((inherit) =>
    startDetached({
      command: join(cluster.binDir, 'postgres'),
      args: ['-D', cluster.access.argument],
      dir,
      log: cluster.log,
      cwd: '/',
      account: cluster.account,
      inherit,
    }),
  );
  started(record);
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    // Recovery after a crash may take long: wait as long as the server is alive.
    const answer = isAlive(record) ? await probe(url) : 'nobody';
    if (answer === 'ready' || answer === 'wrong password') return answer;
    const ended = await Promise.race([exited, delay(50)]);
    if (ended !== undefined || Date.now() > deadline) {
      const why = ended === undefined ? 'does not answer' : 'ended at once';
      throw explainFailure(`PostgreSQL ${why}.`, readLog(cluster.log, logStart), cluster);
    }
  }
}

/** The postmaster's pid by its own file, which is worth something only if a process of this cluster has it. */
function postmasterAmong(found: FoundProcess[], dataDir: string): FoundProcess | undefined {
  const path = join(dataDir, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const pid = Number(readFileSync(path, 'utf8').split('\n')[0]);
  return found.find((one) => one.pid === pid);
}

/** Stops the postmaster fast (open sessions are cut off, it checkpoints), then whatever lingers, or outlived it. */
export async function stopServer(dir: string, dataDir: string): Promise<void> {
  const found = processesOf(dir, dataDir).filter(({ isPostgres }) => isPostgres);
  const postmaster = postmasterAmong(found, dataDir);
  if (postmaster !== undefined) {
    // Only to the postmaster: to its children SIGINT means other things.
    signal(postmaster, 'SIGINT');
    if (await areGone(found, FAST_SHUTDOWN_LIMIT_MS)) return;
  }
  await terminate(found, [['SIGQUIT', 3_000]]);
}
