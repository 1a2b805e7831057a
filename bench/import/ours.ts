import type pg from 'pg';
import { importers } from '../../catalog/index.ts';
import type { BenchStack } from '../support/stack.ts';
import type { Times } from './times.ts';

const LABEL = 'Jan2026';

/** What the script does too. Importers that read small files are left out on both sides. */
const IMPORTERS = ['sources', 'protected_areas', 'green_list', 'pame_sources', 'pame'];

export interface OurTimes extends Times {
  /** validate_and_manifest, which the script has not. */
  manifest: number;
  importers: Record<string, number>;
}

interface Event {
  name: string;
  phase: string;
  at: number;
  payload: { seconds?: number; importer?: string };
}

/**
 * A worker is a service that runs for months, and the first workflow after its start waits for its code to be compiled: it
 * takes and gives back the lock once. What it does with the data is as new to it as the script is to its session.
 */
export async function wakeWorker(stack: BenchStack): Promise<void> {
  await start(stack, ['Dec2025', '--stop-after', 'acquire_lock']);
}

async function start(stack: BenchStack, args: string[]): Promise<void> {
  const run = await stack.ppRelease(['start', ...args, '--wait']);
  if (run.code !== 0) throw new Error(`pp-release start ${args.join(' ')} ended with ${run.code}:\n${run.output}`);
}

/** A dry run by the real command line, workflow and worker, up to validate_and_manifest; its times from release_events. */
export async function runOurs(stack: BenchStack, session: pg.ClientBase): Promise<OurTimes> {
  const left = importers.map(({ name }) => name).filter((name) => IMPORTERS.includes(name));
  await start(stack, [LABEL, '--mode', 'dry-run', '--only', left.join(',')]);
  const { rows } = await session.query<Event>(
    `select phase as name, payload_json ->> 'phase' as phase, extract(epoch from at)::float8 as at, payload_json as payload
     from release_events where release_id = (select id from releases where label = $1) order by id`,
    [LABEL],
  );
  return timesOf(rows);
}

function timesOf(events: Event[]): OurTimes {
  const find = (name: string, phase?: string) => {
    const found = events.filter((event) => event.name === name && (phase === undefined || event.phase === phase));
    const last = found.at(-1);
    if (!last) throw new Error(`the release has no event ${name} ${phase ?? ''}`);
    return last;
  };
  const took = (phase: string) => find('phase_duration', phase).payload.seconds ?? 0;
  const imported = Math.max(...events.filter(({ name }) => name === 'importer_finished').map(({ at }) => at));
  return {
    phases: {
      views: took('create_staging_materialized_views'),
      checks: took('preflight'),
      import: imported - find('phase_started', 'build_staging').at,
      indexes: find('staging_foreign_keys_applied').at - imported,
    },
    manifest: took('validate_and_manifest'),
    all: find('phase_completed', 'validate_and_manifest').at - (events[0]?.at ?? 0),
    importers: Object.fromEntries(
      events
        .filter(({ name }) => name === 'importer_finished')
        .map(({ payload }) => [payload.importer ?? '', payload.seconds ?? 0]),
    ),
  };
}
