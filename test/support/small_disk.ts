import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAccount } from '../../local/stack/postgres/account.ts';
import { run } from './stack.ts';

/** A file system of its own that is full soon. */
export interface SmallDisk {
  /** Its root, as the test's PostgreSQL finds it. */
  path: string;
  /** Paths of all files on it. */
  files(): string[];
  end(): Promise<void>;
}

/**
 * A tmpfs. Root mounts it, and gives it to the user that PostgreSQL runs as. Any other user, whose PostgreSQL is its own, mounts it in a
 * namespace of a process that stays, and Linux leads `/proc/<pid>/root` there.
 *
 * @throws Error where neither can be done: a full disk that is none would prove nothing
 */
export async function smallDisk(megabytes: number): Promise<SmallDisk> {
  const dir = mkdtempSync(join(tmpdir(), 'pp small disk '));
  chmodSync(dir, 0o711);
  const mountPoint = join(dir, 'disk');
  mkdirSync(mountPoint);
  const size = `size=${megabytes}m,mode=0700`;
  try {
    const { path, unmount } = await (process.getuid?.() === 0 ? asRoot(mountPoint, size) : asUser(mountPoint, size));
    return {
      path,
      files: () => {
        const entries = readdirSync(path, { recursive: true, withFileTypes: true });
        return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      },
      end: async () => {
        await unmount();
        rmSync(dir, { recursive: true });
      },
    };
  } catch (error) {
    rmSync(dir, { recursive: true });
    const needs = 'this test needs a small file system, by mount as root, or by unshare --user --mount as another user';
    throw new Error(`${needs}: ${(error as Error).message}`, { cause: error });
  }
}

interface Mounted {
  path: string;
  unmount(): Promise<void>;
}

async function asRoot(mountPoint: string, size: string): Promise<Mounted> {
  const must = async (command: string, ...args: string[]) => {
    const { code, stderr } = await run(command, args);
    if (code !== 0) throw new Error(stderr);
  };
  await must('mount', '-t', 'tmpfs', '-o', size, 'tmpfs', mountPoint);
  const account = await serverAccount();
  if (account) chownSync(mountPoint, account.uid, account.gid);
  return { path: mountPoint, unmount: () => must('umount', mountPoint) };
}

async function asUser(mountPoint: string, size: string): Promise<Mounted> {
  // It ends with its standard input, so with us too.
  const script = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && exec cat';
  const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', size, mountPoint];
  const holder = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  holder.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const closed = once(holder, 'close');
  await Promise.race([once(holder.stdout, 'data'), closed]);
  if (holder.exitCode !== null) throw new Error(said);
  return {
    path: `/proc/${holder.pid}/root${mountPoint}`,
    unmount: async () => {
      holder.stdin.end();
      await closed;
    },
  };
}
