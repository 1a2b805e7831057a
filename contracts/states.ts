/** `releases.state`, in the order a successful release goes through them, then the ways it can end otherwise. */
export const RELEASE_STATES = [
  'started',
  'preflight_ok',
  'importing',
  'validating',
  'swapped',
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
] as const;

export type ReleaseState = (typeof RELEASE_STATES)[number];
