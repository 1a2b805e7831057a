/** `direct` goes straight on, `review` waits for a promote after the manifest, `dry-run` stops there. */
export const MODES = ['direct', 'review', 'dry-run'] as const;
export type Mode = (typeof MODES)[number];

/** A phase that fails waits for a retry, or ends the release at once. */
export const ON_FAILURE = ['wait', 'fail'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];
