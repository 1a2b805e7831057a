import { existsSync, realpathSync } from 'node:fs';
import { isAlive, type ProcessRecord } from './process.ts';
import { readState } from './state.ts';

export interface ProcessStatus {
  name: 'postgres' | 'temporal' | 'worker';
  /** `dead`: it should run but does not; `external`: not ours to start or stop; `stopped`: nobody asked for it. */
  state: 'running' | 'dead' | 'external' | 'stopped';
  pid?: number;
  port?: number;
}

const stateOf = (record: ProcessRecord | undefined): Pick<ProcessStatus, 'state' | 'pid'> =>
  record === undefined
    ? { state: 'stopped' }
    : isAlive(record)
      ? { state: 'running', pid: record.pid }
      : { state: 'dead' };

const port = (number: number | undefined) => (number === undefined ? {} : { port: number });

/** What runs, by the processes themselves and not by what the state file hopes. */
export function status({ dir }: { dir: string }): ProcessStatus[] {
  const state = existsSync(dir) ? readState(realpathSync(dir)) : undefined;
  const isExternal = state?.postgres !== undefined && state.postgres.source !== 'private';
  return [
    {
      name: 'postgres',
      ...(isExternal ? { state: 'external' as const } : stateOf(state?.postgres?.process)),
      ...port(state?.postgres?.port),
    },
    { name: 'temporal', ...stateOf(state?.temporal?.process), ...port(state?.temporal?.port) },
    { name: 'worker', ...stateOf(state?.worker?.process) },
  ];
}
