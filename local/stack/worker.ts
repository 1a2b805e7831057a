import { readdirSync, rmSync, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROOT } from '../paths.ts';
import { lastLines } from './command.ts';
import { StackError } from './errors.ts';
import { logSize, readLog } from './log-file.ts';
import { isAlive, startDetached, terminate } from './process.ts';
import type { Progress } from './progress.ts';
import { pathsOf, type StackEnv, type StackState, type WorkerState, writeState } from './state.ts';

const START_LIMIT_MS = 60_000;

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** The worker writes its ready file when it polls; answers 'ready', or how it ended, or 'silent'. */
function untilReady(state: StackState, exited: Promise<number | string>): Promise<string> {
  const { workerReady } = pathsOf(state.dir);
  return new Promise((resolve, reject) => {
    const watcher = watch(state.dir);
    const timer = setTimeout(() => done('silent'), START_LIMIT_MS);
    const done = (how: string) => {
      clearTimeout(timer);
      watcher.close();
      resolve(how);
    };
    const look = () => {
      if (exists(workerReady)) done('ready');
    };
    watcher.on('change', (_kind, name) => {
      if (name === null || name.toString() === basename(workerReady)) look();
    });
    watcher.once('error', reject);
    exited.then((how) => done(`ended with ${how}`), reject);
    // It may have been quicker than the watch.
    look();
  });
}

/** What a worker loads: everything but the stack, the tests and the benchmarks. */
const SOURCES = ['contracts', 'catalog', 'workflows', 'activities', 'worker', 'client', 'package-lock.json'];

function newestChange(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  const inside = found.isDirectory() ? readdirSync(path).map((name) => newestChange(join(path, name))) : [];
  return Math.max(found.mtimeMs, ...inside);
}

/** Why a living worker is of no use any more, if it is not. */
function reasonToRestart(worker: WorkerState, env: StackEnv, sourcesChangedAt: number, ready: boolean) {
  if (!isDeepStrictEqual(worker.env, env)) return 'the servers are elsewhere now';
  if (worker.sourcesChangedAt !== sourcesChangedAt) return 'the sources have changed';
  return ready ? undefined : 'it never got ready';
}

/** Brings up one worker, and restarts one that is dead, runs old code, or talks to ports of before. */
export async function ensureWorker(state: StackState, env: StackEnv, progress: Progress): Promise<void> {
  const paths = pathsOf(state.dir);
  const previous = state.worker;
  const sourcesChangedAt = Math.max(...SOURCES.map((name) => newestChange(join(ROOT, name))));
  if (previous !== undefined && isAlive(previous.process)) {
    const reason = reasonToRestart(previous, env, sourcesChangedAt, exists(paths.workerReady));
    if (reason === undefined) return;
    progress(`Restarting the worker, since ${reason}`);
    await stopWorker(state);
  }
  rmSync(paths.workerReady, { force: true });
  progress('Starting a worker');
  const logStart = logSize(paths.workerLog);
  const { record, exited } = await startDetached({
    command: process.execPath,
    args: ['client/bin.mjs', 'worker'],
    dir: state.dir,
    log: paths.workerLog,
    cwd: ROOT,
    env: { ...env, PP_WORKER_READY_FILE: paths.workerReady },
  });
  state.worker = { process: record, env, sourcesChangedAt };
  writeState(state);
  const how = await untilReady(state, exited);
  if (how === 'ready') return;
  await stopWorker(state);
  throw new StackError(
    'The worker does not start.',
    `It ${how === 'silent' ? 'did not get ready within a minute' : how}. Its last lines:\n${lastLines(readLog(paths.workerLog, logStart), 15)}`,
    `Mend what it says (the whole log is ${paths.workerLog}) and run the command again.`,
  );
}

/** It is given time to end its activities well. */
export const stopWorker = ({ worker }: StackState): Promise<void> =>
  terminate(worker === undefined ? [] : [worker.process], [['SIGTERM', 20_000]]);
