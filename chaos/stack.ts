import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import getPort, { portNumbers } from 'get-port';
import { withLock } from '../local/lock.mjs';
import { ROOT, STACK_DIR } from '../local/paths.ts';
import { runCommand } from '../local/stack/command.ts';
import { downWhenThisProcessEnds } from '../local/stack/guard.ts';
import { reset, type StackEnv, type StackState, superuserUrlOf, up } from '../local/stack/index.ts';
import { processesOf } from '../local/stack/scan.ts';
import { pathsOf } from '../local/stack/state.ts';

export const CHAOS_DIR = join(STACK_DIR, 'chaos');
const WORKERS = 2;
const WORKER_START_LIMIT_MS = 60_000;

/** A private stack with two workers, any part of which may be killed; `mend` brings back what is missing. */
export class ChaosStack {
  #state: StackState;
  readonly #workers: ChildProcess[] = [];
  /** What runs besides the servers and the workers: this process and its helper. */
  readonly #bystanders: Set<number>;

  constructor(state: StackState) {
    this.#state = state;
    this.#bystanders = new Set([process.pid, ...this.#others().filter((pid) => pid !== this.pidOf('temporal'))]);
  }

  get env(): StackEnv {
    if (!this.#state.env) throw new Error('The stack is up without its addresses.');
    return this.#state.env;
  }

  get superuserUrl(): string {
    return superuserUrlOf(this.#state) as string;
  }

  /** All workers write to it. */
  get releaseLog(): string {
    return join(CHAOS_DIR, 'log', 'release.log');
  }

  pidOf(server: 'postgres' | 'temporal'): number {
    return this.#state[server]?.process?.pid as number;
  }

  worker(index: number): ChildProcess {
    return this.#workers[index] as ChildProcess;
  }

  /** Starts the servers and workers that do not run. */
  async mend(): Promise<void> {
    this.#state = await up({
      dir: CHAOS_DIR,
      worker: false,
      useNamedServers: false,
      migrate: false,
      progress: () => undefined,
    });
    const started: Promise<void>[] = [];
    for (let index = 0; index < WORKERS; index++) {
      const worker = this.#workers[index];
      if (!worker || hasEnded(worker)) started.push(this.#startWorker(index));
    }
    await Promise.all(started);
  }

  /** Processes of the stack that are nobody's: not a server, a worker, or the child of a living one (esbuild). */
  async strangers(): Promise<number[]> {
    const known = new Set([this.pidOf('temporal'), ...this.#workers.map(({ pid }) => pid), ...this.#bystanders]);
    const unknown = this.#others().filter((pid) => !known.has(pid));
    const parents = await Promise.all(unknown.map((pid) => runCommand('ps', ['-o', 'ppid=', '-p', String(pid)])));
    return unknown.filter((_, index) => {
      const parent = Number(parents[index]?.stdout.trim());
      // None at all: it ended while we looked.
      return parent > 0 && !known.has(parent);
    });
  }

  async stopWorkers(): Promise<void> {
    const living = this.#workers.filter((worker) => !hasEnded(worker));
    await Promise.all(
      living.map((worker) => {
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        return gone;
      }),
    );
  }

  #others(): number[] {
    const dataDir = this.#state.postgres?.dataDir ?? pathsOf(this.#state.dir).postgresData;
    return processesOf(this.#state.dir, dataDir).flatMap(({ pid, isPostgres }) => (isPostgres ? [] : [pid]));
  }

  async #startWorker(index: number): Promise<void> {
    const readyFile = join(CHAOS_DIR, `worker ${index}.ready`);
    rmSync(readyFile, { force: true });
    const log = openSync(join(CHAOS_DIR, 'log', `worker-${index}.log`), 'a');
    const worker = spawn(process.execPath, ['client/bin.mjs', 'worker'], {
      cwd: ROOT,
      stdio: ['ignore', log, log],
      env: {
        ...cleanEnvironment(),
        ...this.env,
        PP_MANIFEST_DIR: join(CHAOS_DIR, 'manifests'),
        PP_RELEASE_LOG_PATH: this.releaseLog,
        PP_STACK_DIR: this.#state.dir,
        PP_WORKER_READY_FILE: readyFile,
      },
    });
    closeSync(log);
    this.#workers[index] = worker;
    const deadline = Date.now() + WORKER_START_LIMIT_MS;
    while (!existsSync(readyFile)) {
      if (hasEnded(worker) || Date.now() > deadline) throw new Error(`worker ${index} does not start; see its log`);
      await delay(50);
    }
  }
}

const hasEnded = (worker: ChildProcess): boolean => worker.exitCode !== null || worker.signalCode !== null;

/** Settings of the place that this runs in must not reach what it tests. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PP_|TEMPORAL_|PG)/.test(name)));
}

/**
 * A killed server has to come back where its clients look for it. Ports of the range that outgoing connections get could be
 * taken meanwhile, even by a client that dials itself.
 */
async function fixPorts(): Promise<void> {
  for (const variable of ['PP_STACK_TEMPORAL_PORT', 'PP_STACK_POSTGRES_PORT']) {
    process.env[variable] ??= String(await getPort({ host: '127.0.0.1', port: portNumbers(20_000, 30_000) }));
  }
}

/** The stack is gone when `work` ends, also when this process is killed; logs stay. */
export async function withChaosStack<T>(
  progress: (line: string) => void,
  work: (stack: ChaosStack) => Promise<T>,
): Promise<T> {
  mkdirSync(CHAOS_DIR, { recursive: true });
  const run = async () => {
    await fixPorts();
    await reset({ dir: CHAOS_DIR, progress, keepLogs: true });
    const takeDown = await downWhenThisProcessEnds(CHAOS_DIR);
    let stack: ChaosStack | undefined;
    try {
      stack = new ChaosStack(await up({ dir: CHAOS_DIR, worker: false, useNamedServers: false, progress }));
      await stack.mend();
      return await work(stack);
    } finally {
      await stack?.stopWorkers();
      // The helper that does it is unreferenced: without a timer Node would find nothing to wait for, and exit.
      const awake = setInterval(() => undefined, 1000);
      await takeDown().finally(() => clearInterval(awake));
    }
  };
  return withLock(join(CHAOS_DIR, 'running.lock'), run, (pid) =>
    progress(`Another chaos run (process ${pid}) is at work; waiting for it …`),
  );
}
