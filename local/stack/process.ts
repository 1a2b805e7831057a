import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity } from '../process-identity.mjs';

/** A pid with proof that it is still the process we started and not another one that got the same number. */
export interface ProcessRecord {
  pid: number;
  identity: string;
}

/** Every process of a stack carries its folder in this variable, so that it is found even without a state file. */
export const STACK_DIR_VARIABLE = 'PP_STACK_DIR';

export interface Account {
  name: string;
  uid: number;
  gid: number;
}

export interface DetachedOptions {
  command: string;
  args: string[];
  dir: string;
  log: string;
  cwd: string;
  env?: Record<string, string>;
  account?: Account | undefined;
  /** Descriptors the child inherits as 3, 4, …; see postgres/account.ts for why. */
  inherit?: number[];
}

export const isAlive = (record: ProcessRecord | undefined): record is ProcessRecord =>
  record !== undefined && processIdentity(record.pid) === record.identity;

export const recordOf = (pid: number): ProcessRecord | undefined => {
  const identity = processIdentity(pid);
  return identity === undefined ? undefined : { pid, identity };
};

/** Starts a process in a session of its own: it outlives this command, its terminal and Ctrl-C. */
export async function startDetached(
  options: DetachedOptions,
): Promise<{ child: ChildProcess; record: ProcessRecord; exited: Promise<number | string> }> {
  const log = openSync(options.log, 'a', 0o600);
  try {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      detached: true,
      stdio: ['ignore', log, log, ...(options.inherit ?? [])],
      env: { ...process.env, ...options.env, [STACK_DIR_VARIABLE]: options.dir },
      ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
    });
    const exited = new Promise<number | string>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid as number;
    return { child, record: recordOf(pid) ?? { pid, identity: 'ended at once' }, exited };
  } finally {
    closeSync(log);
  }
}

/** True as soon as all are gone, false after the time limit. They are not our children, so there is no event for it. */
export async function areGone(records: ProcessRecord[], limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (records.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await delay(25);
  }
  return true;
}

export function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  if (!isAlive(record)) return;
  try {
    process.kill(record.pid, name);
  } catch (error) {
    // It ended between the look and the signal, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Asks politely, in the given order of signals, and then kills. */
export async function terminate(records: ProcessRecord[], steps: Array<[NodeJS.Signals, number]>): Promise<void> {
  for (const [name, limitMs] of [...steps, ['SIGKILL', 10_000] as const]) {
    for (const record of records) signal(record, name);
    if (await areGone(records, limitMs)) return;
  }
  throw new Error(`Processes ${records.map(({ pid }) => pid).join(', ')} survive SIGKILL.`);
}
