import { readFileSync, rmSync, statSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { lastLines } from './command.ts';
import { StackError } from './errors.ts';
import { isAlive, startDetached, terminate } from './process.ts';
import type { Progress } from './progress.ts';
import { pathsOf, type StackEnv, type StackState, writeState } from './state.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
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

/** Brings up one worker, and restarts one that is dead or that talks to ports of before. */
export async function ensureWorker(state: StackState, env: StackEnv, progress: Progress): Promise<void> {
  const paths = pathsOf(state.dir);
  const previous = state.worker;
  if (previous !== undefined && isAlive(previous.process)) {
    if (isDeepStrictEqual(previous.env, env) && exists(paths.workerReady)) return;
    progress('Restarting the worker, since the servers are elsewhere now');
    await stopWorker(state);
  }
  rmSync(paths.workerReady, { force: true });
  progress('Starting a worker');
  const { record, exited } = await startDetached({
    command: process.execPath,
    args: ['--import', 'tsx', 'client/main.ts', 'worker'],
    dir: state.dir,
    log: paths.workerLog,
    cwd: ROOT,
    env: { ...env, PP_WORKER_READY_FILE: paths.workerReady },
  });
  state.worker = { process: record, env };
  writeState(state);
  const how = await untilReady(state, exited);
  if (how === 'ready') return;
  await stopWorker(state);
  throw new StackError(
    'The worker does not start.',
    `It ${how === 'silent' ? 'did not get ready within a minute' : how}. Its last lines:\n${lastLines(readFileSync(paths.workerLog, 'utf8'), 15)}`,
    `Mend what it says (the whole log is ${paths.workerLog}) and run the command again.`,
  );
}

/** It is given time to end its activities well. */
export const stopWorker = ({ worker }: StackState): Promise<void> =>
  terminate(worker === undefined ? [] : [worker.process], [['SIGTERM', 20_000]]);
