/**
 * The 13 phases of a release, in the order in which they run (specification, "Release Phases").
 * Everything that names a phase (input, status, events, docs) uses these strings.
 */
export const PHASES = [
  'acquire_lock',
  'create_staging_materialized_views',
  'preflight',
  'build_staging',
  'import_core',
  'import_related',
  'validate_and_manifest',
  'finalise_swap',
  'create_portal_downloads_view',
  'post_swap',
  'cleanup_and_retention',
  'release_lock',
  'reset_checkpoints',
] as const;

export type Phase = (typeof PHASES)[number];

export function isPhase(name: string): name is Phase {
  return (PHASES as readonly string[]).includes(name);
}

/** Place of a phase in the order, from 0. */
export function phaseIndex(phase: Phase): number {
  return PHASES.indexOf(phase);
}

/** Which phases an operator asked for; all fields are optional. */
export interface PhaseSelection {
  startAt?: Phase | undefined;
  stopAfter?: Phase | undefined;
  onlyPhases?: readonly Phase[] | undefined;
}

/** The lock is taken and given back whatever is selected: no path may change anything without it. */
const ALWAYS: readonly Phase[] = ['acquire_lock', 'release_lock'];

export function isSelected(phase: Phase, { startAt, stopAfter, onlyPhases }: PhaseSelection): boolean {
  if (ALWAYS.includes(phase)) return true;
  if (onlyPhases && !onlyPhases.includes(phase)) return false;
  if (startAt && phaseIndex(phase) < phaseIndex(startAt)) return false;
  return !(stopAfter && phaseIndex(phase) > phaseIndex(stopAfter));
}

/** Phases that work on what build_staging has made, or on what became live from it. */
const AFTER_STAGING = PHASES.slice(phaseIndex('build_staging') + 1, phaseIndex('release_lock'));

/** A release that leaves out the building of staging, and has phases after it, goes on with what an earlier run left. */
export function resumesStaging(selection: PhaseSelection): boolean {
  return !isSelected('build_staging', selection) && AFTER_STAGING.some((phase) => isSelected(phase, selection));
}
