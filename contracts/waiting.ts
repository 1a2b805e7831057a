import type { Phase } from './phases.ts';

/** One way to answer a release that waits: as a command, and as a message for everybody else. */
export interface WaitAnswer {
  command: string;
  message: string;
  effect: string;
}

/** What a release waits for. Times are ISO 8601, in UTC. */
export interface WaitingFor {
  kind: 'promote' | 'retry' | 'abort';
  phase: Phase;
  /** One sentence for a person. */
  text: string;
  since: string;
  until?: string | undefined;
  /** What happens then. */
  onTimeLimit?: string | undefined;
  answers: WaitAnswer[];
}

/** Argument of `promote`. The digest is the manifest's, or its beginning: what is promoted is what was looked at. */
export interface PromoteRequest {
  by: string;
  digest: string;
}

export const SHORTEST_DIGEST = 8;

/** Argument of `retry` and `park`. */
export interface ByRequest {
  by?: string;
}

export interface PromoteAnswer {
  promoted: true;
  releaseId: number;
  label: string;
  digest: string;
  by: string;
}

export interface RetryAnswer {
  retrying: Phase;
  releaseId: number;
  label: string;
  by: string;
}

export interface Parked {
  phase: Phase;
  by: string;
  /** ISO 8601, UTC. */
  at: string;
  /** The command that goes on from here. */
  goOn: string;
}

export interface ParkAnswer extends Parked {
  parked: true;
  releaseId: number;
  label: string;
}

/** `waits for promote since … until …: …` as one line. */
export function describeWaiting({ kind, text, since, until, onTimeLimit }: WaitingFor): string {
  const limit = until ? ` until ${until}${onTimeLimit ? ` (then it ${onTimeLimit})` : ''}` : '';
  return `waits for ${kind === 'abort' ? 'the end of the abort' : kind} since ${since}${limit}: ${text}`;
}

/** `parked by … at … in …` as one line, with what had failed before, if anything had. */
export function describeParked(
  { phase, by, at, goOn }: Parked,
  failure: { type: string; message: string } | undefined,
): string {
  const why = failure ? `; ${phase} had failed with ${failure.type}: ${failure.message}` : '';
  return `parked by ${by} at ${at} in ${phase}; it goes on with ${goOn}${why}`;
}
