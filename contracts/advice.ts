import type { Phase } from './phases.ts';

/** The one command that goes on with a release which has stopped in a phase: everybody who knows of one gives the same. */
export function goOnCommand(label: string, phase: Phase): string {
  return `pp-release start ${label} --start-at ${phase}`;
}

/**
 * The one command that finishes a release which is live. finalise_swap does not swap it again, but does what that has left to be
 * done after its COMMIT; the other phases follow.
 */
export function finishCommand(label: string): string {
  return goOnCommand(label, 'finalise_swap');
}

export function describeUnfinished(label: string, why: string): string {
  return `the release is live, but was not finished: ${why}; finish it with ${finishCommand(label)}`;
}
