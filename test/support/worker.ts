import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, STACK_DIR } from '../../local/paths.ts';
import { eventually } from './eventually.ts';

/** It compiles and bundles at its start, perhaps beside other tests that do the same. */
const START_LIMIT_MS = 90_000;

export interface TestWorker {
  pid: number;
  /** Ends it as an operator does, or, with SIGKILL, as a crash does. Answers once it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** The process's environment without any settings of ours: a developer's own must not reach a test. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PP_|TEMPORAL_|PG)/.test(name)));
}

/** A worker process as `pp-release worker` starts it. Answers once it polls. */
export async function startWorker(
  dir: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<TestWorker> {
  const readyFile = join(dir, 'worker.ready');
  const logFile = join(dir, 'worker.out');
  rmSync(readyFile, { force: true });
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['client/bin.mjs', 'worker', ...args], {
    cwd: ROOT,
    stdio: ['ignore', log, log],
    env: {
      ...cleanEnvironment(),
      ...env,
      PP_WORKER_READY_FILE: readyFile,
      // The test stack's guard finds it by this and ends it, if the test run itself is killed.
      PP_STACK_DIR: join(STACK_DIR, 'test', String(process.ppid)),
    },
  });
  closeSync(log);
  const gone = once(child, 'exit');
  const polls = () => {
    if (child.exitCode !== null) throw new Error(`the worker ended at once:\n${readFileSync(logFile, 'utf8')}`);
    return existsSync(readyFile);
  };
  await eventually('the worker polls', polls, START_LIMIT_MS);
  return {
    pid: child.pid as number,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}
