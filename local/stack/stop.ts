import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { withLock } from '../lock.mjs';
import { stopContainer } from './postgres/docker.ts';
import { stopServer } from './postgres/server.ts';
import { terminate } from './process.ts';
import type { Progress } from './progress.ts';
import { processesOf } from './scan.ts';
import { newState, openStateDirectory, pathsOf, readState, type StackState, writeState } from './state.ts';
import { stopWorker } from './worker.ts';

/** One command at a time changes a stack. */
export function exclusively<T>(dir: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  return withLock(pathsOf(dir).lock, work, (pid) =>
    progress(`Another command (process ${pid}) is at work on this stack; waiting for it …`),
  );
}

/** By the state file first, politely and in order; then by a scan for whatever the file does not know. */
export async function endProcesses(state: StackState): Promise<void> {
  const dataDir = state.postgres?.dataDir ?? pathsOf(state.dir).postgresData;
  await stopWorker(state);
  const others = processesOf(state.dir, dataDir).filter(({ isPostgres }) => !isPostgres);
  await terminate(others, [['SIGTERM', 10_000]]);
  await stopServer(state.dir, dataDir);
}

/** Stops everything; the state file keeps ports and passwords for the next time. */
export async function stopAll(state: StackState): Promise<void> {
  await endProcesses(state);
  rmSync(pathsOf(state.dir).workerReady, { force: true });
  delete state.postgres?.process;
  delete state.temporal?.process;
  delete state.worker;
  if (existsSync(pathsOf(state.dir).state)) writeState(state);
}

export interface DownOptions {
  dir: string;
  progress?: Progress;
}

/** Leaves no process; keeps the data. */
export async function down({ dir, progress = () => {} }: DownOptions): Promise<void> {
  if (!existsSync(dir)) return;
  const real = openStateDirectory(dir);
  await exclusively(real, progress, async () => {
    const state = readState(real) ?? newState(real);
    await stopAll(state);
    if (state.postgres?.source === 'docker') await stopContainer(state, false);
  });
}

/** Leaves no process and no data. Folders of other stacks inside `dir` stay. */
export async function reset(options: DownOptions & { keepLogs?: boolean }): Promise<void> {
  const { dir, progress = () => {}, keepLogs = false } = options;
  if (!existsSync(dir)) return;
  const real = openStateDirectory(dir);
  await exclusively(real, progress, async () => {
    const state = readState(real) ?? newState(real);
    await stopAll(state);
    if (state.postgres?.source === 'docker') await stopContainer(state, true);
    const { postgresData, temporalDb, state: file, logs } = pathsOf(real);
    const owned = [state.postgres?.dataDir ?? postgresData, postgresData, dirname(temporalDb), file];
    for (const path of keepLogs ? owned : [...owned, logs]) rmSync(path, { recursive: true, force: true });
  });
}
