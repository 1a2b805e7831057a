import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type ProcessRecord, recordOf, STACK_DIR_VARIABLE } from './process.ts';
import { pathsOf } from './state.ts';

export interface FoundProcess extends ProcessRecord {
  /** PostgreSQL is told apart: it wants its own signals. */
  isPostgres: boolean;
}

/** Processes end while we look, and those of other users are none of ours. */
const NOT_OURS = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (NOT_OURS.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/**
 * Linux: by the variable that every child of the stack inherits. PostgreSQL writes its titles over its environment,
 * so its processes are known by name and working directory, which is the data directory in all of them.
 */
function isOnLinux(pid: number, dir: string, dataDir: string): { isPostgres: boolean } | undefined {
  const name = tryRead(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
  if (name === undefined) return undefined;
  if (name === 'postgres' || name === 'postmaster') {
    const cwd = tryRead(() => readlinkSync(`/proc/${pid}/cwd`));
    if (cwd === dataDir || cwd === `${dataDir} (deleted)`) return { isPostgres: true };
  }
  const environment = tryRead(() => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
  return environment?.includes(`${STACK_DIR_VARIABLE}=${dir}`) ? { isPostgres: name === 'postgres' } : undefined;
}

/** Elsewhere `ps` must do: the command lines of our servers name the folder, and their children name a parent. */
function scanByPs(dir: string, dataDir: string): FoundProcess[] {
  const listed = spawnSync('ps', ['-axwwEo', 'pid=,ppid=,command='], { encoding: 'utf8' });
  const rows = (listed.stdout ?? '').split('\n').flatMap((line) => {
    const [, pid, ppid, command] = line.match(/^\s*(\d+)\s+(\d+)\s+(.*)$/) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), command }];
  });
  const mine = new Map<number, boolean>();
  for (const { pid, command } of rows) {
    const program = basename(command.split(' ')[0] ?? '');
    const text = `${command} `;
    // With the blank behind: the folder of one stack may lie inside another's.
    const marks = [`-D ${dataDir} `, `--db-filename ${pathsOf(dir).temporalDb} `, `${STACK_DIR_VARIABLE}=${dir} `];
    if (marks.some((mark) => text.includes(mark))) mine.set(pid, program === 'postgres');
  }
  for (let before = -1; before !== mine.size; ) {
    before = mine.size;
    for (const { pid, ppid } of rows) {
      const parent = mine.get(ppid);
      if (parent !== undefined && !mine.has(pid)) mine.set(pid, parent);
    }
  }
  return [...mine].flatMap(([pid, isPostgres]) => withRecord(pid, isPostgres));
}

const withRecord = (pid: number, isPostgres: boolean): FoundProcess[] => {
  const record = pid === process.pid ? undefined : recordOf(pid);
  return record === undefined ? [] : [{ ...record, isPostgres }];
};

/** All processes that belong to the stack in `dir`, whatever its state file says. */
export function processesOf(dir: string, dataDir: string): FoundProcess[] {
  if (process.platform !== 'linux') return scanByPs(dir, dataDir);
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const found = isOnLinux(pid, dir, dataDir);
    return found === undefined ? [] : withRecord(pid, found.isPostgres);
  });
}
