import type { Amount, Phase } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { ReleaseError } from './postgres/errors.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import type { ImportResult } from './staging/marks.ts';

/** What has been done when a phase ends. */
const DONE: Record<Phase, string> = {
  acquire_lock: 'the release lock is held',
  create_staging_materialized_views: 'the portal is in the staging views',
  preflight: 'the staging views are fit to be imported, and indexed',
  build_staging: 'the staging tables are made',
  import_core: 'sources, sites and parcels are in staging',
  import_related: 'all the rest is in staging',
  validate_and_manifest: 'staging is fit to be published, and its manifest is written',
  finalise_swap: 'it is live',
  create_portal_downloads_view: 'the downloads view shows it',
  post_swap: 'its tables are vacuumed and analysed',
  cleanup_and_retention: 'backups beyond those that are kept are dropped',
  release_lock: 'the release lock is given back',
  reset_checkpoints: 'the completion marks are cleared',
};

/** More of them would hide the others in a chat; the manifest has them all. */
const MOST_COUNTS = 12;

/** The end of a phase, with its counts; nobody waits until it is delivered. */
export function tellPhase(
  { config, notify }: ActivityDeps,
  { label }: { label: string },
  phase: Phase,
  { seconds, result }: { seconds?: number; result?: unknown },
): void {
  if (!config.tellPhases) return;
  const skipped = (result as { skipped?: string } | undefined)?.skipped;
  const after = seconds === undefined ? '' : ` after ${duration(seconds)}`;
  const how = skipped ? `was skipped: ${skipped}` : `is done${after}; ${DONE[phase]}${numbersOf(result)}`;
  void notify(`Release ${label}: ${phase} ${how}`);
}

function numbersOf(result: unknown): string {
  const { counts: tables, rows, copied } = (result ?? {}) as Record<string, unknown>;
  const counts = countsIn([tables, rows, copied].find((value) => typeof value === 'object') ?? result);
  if (counts.length === 0) return '';
  const more = counts.length > MOST_COUNTS ? [`and ${counts.length - MOST_COUNTS} more`] : [];
  return ` (${[...counts.slice(0, MOST_COUNTS), ...more].join(', ')})`;
}

/** Progress in quarters, of importers that take their time only. */
const QUIET_MS = 10_000;

/** Messages about one importer: each quarter, its end, and a failure that its data is the reason of. */
export function importerTeller({ config, notify }: ActivityDeps, { label }: ReleaseRef, importer: string) {
  const tell = (text: string) => {
    if (config.tellImporters) void notify(`Release ${label}: importer ${importer} ${text}`);
  };
  const started = Date.now();
  let quarters = 0;
  return {
    amount({ done, expected }: Amount): void {
      const reached = expected ? Math.min(3, Math.floor((4 * done) / expected)) : 0;
      if (reached <= quarters || Date.now() - started < QUIET_MS) return;
      quarters = reached;
      tell(`is at about ${reached * 25} %, after ${duration((Date.now() - started) / 1000)}`);
    },
    finished({ counts, softErrors, seconds, alreadyDone }: ImportResult): void {
      const rows = countsIn(counts).join(', ');
      const faults = `${softErrors.toLocaleString('en')} soft errors`;
      tell(
        alreadyDone
          ? 'was done already'
          : `is done after ${duration(seconds)}: ${[rows, faults].filter(Boolean).join(', ')}`,
      );
    },
    failed(error: unknown): void {
      if (error instanceof ReleaseError) tell(`failed: ${error.message}`);
    },
  };
}

/** Numbers at any depth, as `name 1,234`, without the prefix that all staging has. */
function countsIn(result: unknown): string[] {
  return Object.entries(result ?? {}).flatMap(([name, value]) => {
    if (typeof value === 'number') return [`${name.replace(/^staging_/, '')} ${value.toLocaleString('en')}`];
    return value && typeof value === 'object' && !Array.isArray(value) ? countsIn(value) : [];
  });
}

/** One decimal, in the unit that fits: `12.3 s`, `4.5 m`, `1.2 h`, `3.0 d`. */
export function duration(seconds: number): string {
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ];
  const [unit, size] = units.find(([, limit]) => seconds >= limit) ?? ['s', 1];
  return `${(seconds / size).toFixed(1)} ${unit}`;
}
