import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../local/paths.ts';
import { processIdentity } from '../../local/process-identity.mjs';
import { downWhenThisProcessEnds } from '../../local/stack/guard.ts';
import { type ProcessStatus, status, up } from '../../local/stack/index.ts';
import type { Account } from '../../local/stack/process.ts';

/** A folder that only its owner may enter (mkdtemp makes it 0700), with blanks in its path, as a clone may have. */
export const scratchDirectory = (): string => mkdtempSync(join(tmpdir(), 'pp release stack '));

export interface ScratchStack {
  dir: string;
  /** Leaves neither process nor file. */
  end(): Promise<void>;
}

/** A folder for a stack that is gone when this test file ends, also if the file is cut off. */
export async function scratchStack(): Promise<ScratchStack> {
  const dir = scratchDirectory();
  const takeDown = await downWhenThisProcessEnds(dir);
  return {
    dir,
    async end() {
      await takeDown();
      rmSync(dir, { recursive: true });
    },
  };
}

/** A stack of its own for a test of the stack itself: empty databases, no worker. */
export const bareStack = (dir: string, progress: (line: string) => void = () => {}) =>
  up({ dir, worker: false, migrate: false, useNamedServers: false, progress });

export function find(dir: string, name: ProcessStatus['name']): ProcessStatus {
  const found = status({ dir }).find((one) => one.name === name);
  if (found === undefined) throw new Error(`status does not tell of ${name}`);
  return found;
}

export function pidOf(dir: string, name: ProcessStatus['name']): number {
  const { pid } = find(dir, name);
  if (pid === undefined) throw new Error(`${name} does not run in ${dir}`);
  return pid;
}

/** All living processes that mention `dir` anywhere, but for the helper of `scratchStack`; written apart from local/stack/scan.ts, whose work it checks. */
export function processesMentioning(dir: string): string[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || processIdentity(pid) === undefined) return [];
    try {
      const texts = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${name}/${file}`, 'utf8'));
      const mentions = [...texts, readlinkSync(`/proc/${name}/cwd`)].some((text) => text.includes(dir));
      return mentions && !texts[0]?.includes('guard.ts') ? [`${name} ${texts[0]?.replaceAll('\0', ' ')}`] : [];
    } catch {
      // It ended while we looked, or it is a kernel's thread or another user's.
      return [];
    }
  });
}

export interface CommandOutcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of the repository to its end, as a person would from a terminal. */
export async function run(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; account?: Account } = {},
): Promise<CommandOutcome> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
  });
  const outcome: CommandOutcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...outcome, code };
}

export const stackCommand = (args: string[], options: Parameters<typeof run>[2] = {}): Promise<CommandOutcome> =>
  run(process.execPath, ['--import', 'tsx', join(ROOT, 'local/stack.ts'), ...args], options);
