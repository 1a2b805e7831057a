import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from '../../local/lock.mjs';
import { ROOT, STACK_DIR } from '../../local/paths.ts';
import { downWhenThisProcessEnds } from '../../local/stack/guard.ts';
import { reset, type StackEnv, up } from '../../local/stack/index.ts';
import { processesOf } from '../../local/stack/scan.ts';
import { pathsOf } from '../../local/stack/state.ts';

export const BENCH_DIR = join(STACK_DIR, 'bench');
const START_LIMIT_MS = 60_000;

export interface BenchStack {
  env: StackEnv;
  /** Ends the worker that runs, and starts one with other settings. */
  restartWorker(settings?: Record<string, string>): Promise<void>;
  /** Runs `pp-release ARGS` to its end, as an operator would. */
  ppRelease(args: string[]): Promise<{ code: number | null; output: string; seconds: number }>;
  /** Of the worker that runs. */
  workerPid(): number;
  /** All processes of the stack and of the benchmark itself: the roots of what it costs. */
  pids(): number[];
}

/**
 * A private stack with an empty database and without anything of the place's own settings. It is gone when `work` ends,
 * also when this process is killed; logs and results stay.
 */
export async function withBenchStack<T>(
  progress: (line: string) => void,
  work: (stack: BenchStack) => Promise<T>,
): Promise<T> {
  mkdirSync(BENCH_DIR, { recursive: true });
  const waiting = (pid: number) => progress(`Another benchmark (process ${pid}) is running; waiting for it …`);
  return withLock(
    join(BENCH_DIR, 'running.lock'),
    async () => {
      await reset({ dir: BENCH_DIR, progress, keepLogs: true });
      const takeDown = await downWhenThisProcessEnds(BENCH_DIR);
      const workers = new Workers();
      try {
        const state = await up({ dir: BENCH_DIR, worker: false, useNamedServers: false, progress });
        const { env } = state;
        if (env === undefined) throw new Error('The stack is up without its addresses.');
        const settings = {
          ...env,
          PP_MANIFEST_DIR: join(BENCH_DIR, 'manifests'),
          PP_RELEASE_LOG_PATH: join(BENCH_DIR, 'log', 'release.log'),
          PP_STACK_DIR: state.dir,
        };
        const dataDir = state.postgres?.dataDir ?? pathsOf(state.dir).postgresData;
        await workers.restart(settings);
        return await work({
          env,
          restartWorker: (more = {}) => workers.restart({ ...settings, ...more }),
          ppRelease: (args) => runCommandLine(args, settings),
          workerPid: () => workers.pid(),
          pids: () => [process.pid, ...processesOf(state.dir, dataDir).map(({ pid }) => pid)],
        });
      } finally {
        await workers.stop();
        progress('Taking the stack down');
        // The helper that does it is unreferenced: without a timer Node would find nothing to wait for, and exit.
        const awake = setInterval(() => undefined, 1000);
        await takeDown().finally(() => clearInterval(awake));
      }
    },
    waiting,
  );
}

class Workers {
  #child: ChildProcess | undefined;

  pid(): number {
    if (this.#child?.pid === undefined) throw new Error('no worker runs');
    return this.#child.pid;
  }

  async restart(settings: Record<string, string>): Promise<void> {
    await this.stop();
    const readyFile = join(BENCH_DIR, 'worker.ready');
    const logFile = join(BENCH_DIR, 'log', 'worker.log');
    rmSync(readyFile, { force: true });
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, ['client/bin.mjs', 'worker'], {
      cwd: ROOT,
      stdio: ['ignore', log, log],
      env: { ...cleanEnvironment(), ...settings, PP_WORKER_READY_FILE: readyFile },
    });
    closeSync(log);
    this.#child = child;
    const deadline = Date.now() + START_LIMIT_MS;
    while (!existsSync(readyFile)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the worker does not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
      await delay(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

async function runCommandLine(args: string[], settings: Record<string, string>) {
  const started = performance.now();
  const child = spawn(process.execPath, ['client/bin.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), ...settings },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, seconds: (performance.now() - started) / 1000 };
}

/** Settings of the place that the benchmark runs in must not reach what it measures. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PP_|TEMPORAL_|PG)/.test(name)));
}
