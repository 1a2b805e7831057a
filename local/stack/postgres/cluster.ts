import { appendFileSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { lastLines, runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import { type Account, STACK_DIR_VARIABLE } from '../process.ts';
import type { Progress } from '../progress.ts';
import type { DataAccess } from './account.ts';

export interface Cluster {
  binDir: string;
  major: number;
  account: Account | undefined;
  access: DataAccess;
  log: string;
}

const MB = 1024 * 1024;

/** For two cores and many tests. Nothing here weakens durability: processes are killed on purpose in the tests. */
const settings = (port: number): Record<string, string> => ({
  listen_addresses: '127.0.0.1',
  port: String(port),
  // A socket's path may have 107 bytes only, and a clone may lie deeper.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  max_connections: '200',
  // For the test that finds a forgotten one.
  max_prepared_transactions: '2',
  shared_buffers: `${Math.max(64, Math.min(512, Math.floor(totalmem() / MB / 8)))}MB`,
  maintenance_work_mem: '256MB',
  work_mem: '16MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  wal_level: 'logical',
  jit: 'off',
  track_io_timing: 'on',
  log_lock_waits: 'on',
  log_line_prefix: '%m [%p] %q%u@%d %a ',
  timezone: 'UTC',
  log_timezone: 'UTC',
});

function writeFor({ access, account }: Cluster, name: string, text: string): void {
  const path = join(access.dataDir, name);
  writeFileSync(path, text, { mode: 0o600 });
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}

/** Written at each start: the port may be another one, and a newer version of this file may know better. */
export function configure(cluster: Cluster, port: number): void {
  const lines = Object.entries(settings(port)).map(([name, value]) => `${name} = '${value}'`);
  writeFor(cluster, 'postgresql.conf', `# Written by local/stack at each start.\n${lines.join('\n')}\n`);
  writeFor(cluster, 'pg_hba.conf', 'host all,replication all 127.0.0.1/32 scram-sha-256\n');
}

function diskFull(output: string, dataDir: string): StackError | undefined {
  if (!/No space left on device/i.test(output)) return undefined;
  return new StackError(
    'PostgreSQL has no disk space left.',
    `The file system of ${dataDir} is full.`,
    'Free some space there (the demo needs about 1 GB, the full-sized one about 10 GB) and run the command again.',
  );
}

export const explainFailure = (what: string, output: string, { access, log }: Cluster): StackError =>
  diskFull(output, access.dataDir) ??
  new StackError(what, lastLines(output), `Look into ${log}; "npm run stack -- reset" begins anew and drops the data.`);

export const isInitialised = ({ access }: Cluster): boolean => existsSync(join(access.dataDir, 'pp-release.ready'));

export function requireSameMajor({ access, major }: Cluster): void {
  const made = Number(readFileSync(join(access.dataDir, 'PG_VERSION'), 'utf8'));
  if (made === major) return;
  throw new StackError(
    `The cluster was made by PostgreSQL ${made}, but version ${major} is found here now.`,
    'A server reads only the data of its own major version.',
    `Install PostgreSQL ${made} with PostGIS again, or run "npm run stack -- reset", which drops the demo's data.`,
  );
}

/** Creates the cluster. Its superuser gets its password by `setSuperuserPassword`; until then nobody may log in. */
export async function initialise(cluster: Cluster, dir: string, progress: Progress): Promise<void> {
  const { binDir, account, access } = cluster;
  // What an initdb that was cut off left: nobody ever could log in there, so no data is lost.
  for (const name of readdirSync(access.dataDir)) rmSync(join(access.dataDir, name), { recursive: true });
  progress(`Creating a private PostgreSQL ${cluster.major} cluster in ${access.dataDir} …`);
  // Byte order in sorting, so that all systems give the same; macOS has no C.UTF-8.
  const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
  const args = ['-D', access.argument, '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, '--auth=reject'];
  const result = await access.withDescriptors((inherit) =>
    runCommand(join(binDir, 'initdb'), args, {
      account,
      inherit,
      cwd: '/',
      env: { [STACK_DIR_VARIABLE]: dir },
      onStillRunning: (seconds) => progress(`initdb: still at it after ${seconds} s`),
    }),
  );
  appendFileSync(cluster.log, result.output, { mode: 0o600 });
  if (result.code !== 0) throw explainFailure('initdb failed.', result.output, cluster);
}

/**
 * Sets the superuser's password without knowing the old one, by PostgreSQL's single-user mode: for a new cluster, and
 * for one whose state file was lost. No data is touched, and no moment comes in which logins need no password.
 */
export async function setSuperuserPassword(cluster: Cluster, password: string): Promise<void> {
  const { binDir, account, access } = cluster;
  const result = await access.withDescriptors((inherit) =>
    runCommand(
      join(binDir, 'postgres'),
      ['--single', '-D', access.argument, '-c', 'log_min_messages=fatal', 'postgres'],
      {
        account,
        inherit,
        cwd: '/',
        input: `ALTER ROLE postgres PASSWORD '${password}'\n`,
      },
    ),
  );
  if (result.code !== 0 || /ERROR|FATAL/.test(result.output)) {
    throw explainFailure("The superuser's password could not be set.", result.output, cluster);
  }
  writeFor(cluster, 'pp-release.ready', 'initdb came to its end, and the superuser has a password.\n');
}
