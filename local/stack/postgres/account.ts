import { createHash } from 'node:crypto';
import { chownSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import type { Account } from '../process.ts';
import type { Progress } from '../progress.ts';

/** PostgreSQL refuses to run as root: then the server belongs to `postgres`, or to `nobody` where there is none. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const uid = await runCommand('id', ['-u', name]);
    const gid = await runCommand('id', ['-g', name]);
    if (uid.code === 0 && gid.code === 0) return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new StackError(
    'There is no user to run PostgreSQL as.',
    'PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody".',
    'Create one (useradd --system postgres), or run this command as an ordinary user.',
  );
}

/** A child must be given the directory's descriptor as its first extra one: it appears there as number 3. */
const INHERITED = '/proc/self/fd/3';

export interface DataAccess {
  dataDir: string;
  /** What to pass as -D. */
  argument: string;
  /** Runs `work` with the descriptors that the child has to inherit for `argument` to mean something. */
  withDescriptors<T>(work: (inherit: number[]) => Promise<T>): Promise<T>;
}

const byPath = (dataDir: string): DataAccess => ({
  dataDir,
  argument: dataDir,
  withDescriptors: (work) => work([]),
});

/**
 * The server's user cannot walk through a clone that only root may enter. It needs no right to: root opens the data
 * directory, the server inherits the descriptor, and Linux leads /proc/self/fd/3 straight to it. PostgreSQL uses the
 * path once, to change into the directory, and relative paths after that. So no privilege is added to the server.
 */
const byDescriptor = (dataDir: string): DataAccess => ({
  dataDir,
  argument: INHERITED,
  async withDescriptors(work) {
    const descriptor = openSync(dataDir, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return await work([descriptor]);
    } finally {
      closeSync(descriptor);
    }
  },
});

async function canEnter(access: DataAccess, account: Account): Promise<boolean> {
  const { code } = await access.withDescriptors((inherit) =>
    runCommand('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', access.argument], { account, inherit, cwd: '/' }),
  );
  return code === 0;
}

/** Finds the way by which the server's user reaches the data directory, and makes the directory if there is none. */
export async function accessTo(dataDir: string, account: Account | undefined, progress: Progress): Promise<DataAccess> {
  const make = (path: string) => {
    if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
    if (account !== undefined) chownSync(path, account.uid, account.gid);
  };
  make(dataDir);
  if (account === undefined) return byPath(dataDir);
  for (const access of [byDescriptor(dataDir), byPath(dataDir)]) if (await canEnter(access, account)) return access;

  const outside = join(tmpdir(), `pp-release-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
  progress(`The user ${account.name} cannot reach ${dataDir}; the cluster's data goes to ${outside}`);
  make(outside);
  return byPath(outside);
}
