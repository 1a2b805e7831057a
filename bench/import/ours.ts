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

/** A dry run by the real command line, workflow and worker, up to validate_and_manifest; its times from release_events. */
export async function runOurs(stack: BenchStack, session: pg.ClientBase): Promise<OurTimes> {
  const left = importers.map(({ name }) => name).filter((name) => IMPORTERS.includes(name));
  const run = await stack.ppRelease(['start', LABEL, '--mode', 'dry-run', '--wait', '--only', left.join(',')]);
  if (run.code !== 0) throw new Error(`pp-release start ${LABEL} ended with ${run.code}:\n${run.output}`);
  const { rows } = await session.query<Event>(
    `select phase as name, payload_json ->> 'phase' as phase, extract(epoch from at)::float8 as at, payload_json as payload
     from release_events order by id`,
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
