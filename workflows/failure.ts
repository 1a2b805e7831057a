import { ActivityFailure, ApplicationFailure, isCancellation, TemporalFailure } from '@temporalio/workflow';
import type { FailureType, Phase } from '../contracts/index.ts';

/** The room's own message, without the frames that Temporal puts around it. */
export function describeFailure(error: unknown): { type: string; message: string } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Error', message: cause.message };
  return {
    type: cause instanceof Error ? cause.name : 'Error',
    message: cause instanceof Error ? cause.message : String(cause),
  };
}

/** Whoever starts a release is told at once why it cannot start; the last two phases have no lock to wait with. */
const NEVER_WAIT: readonly Phase[] = ['acquire_lock', 'release_lock', 'reset_checkpoints'];
/** Nothing that a person can mend while this run holds on: the lock is another's, or there is no staging to go on with. */
const HOPELESS: readonly FailureType[] = ['Fenced', 'LockHeld', 'NothingToResume'];

/** True for a failure of the phase's own, which a retry may get over once its cause is mended. */
export function isMendable(phase: Phase, error: unknown): boolean {
  // An error of our own code is no failure of the phase: it fails the workflow task, and a newer worker goes on.
  if (!(error instanceof TemporalFailure) || isCancellation(error) || NEVER_WAIT.includes(phase)) return false;
  return !(HOPELESS as readonly string[]).includes(describeFailure(error).type);
}
