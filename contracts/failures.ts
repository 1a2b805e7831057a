/**
 * Failure types as they cross the wire (ApplicationFailure.type). `retryable` says whether Temporal tries the same
 * activity again by itself; a failure that is not retryable is the operator's to mend.
 */
export const FAILURES = {
  BadInput: { retryable: false },
  LockHeld: { retryable: false },
  Fenced: { retryable: false },
  PreflightFailed: { retryable: false },
  ImportFailed: { retryable: false },
  ValidationFailed: { retryable: false },
  StagingUnfit: { retryable: false },
  SwapRefused: { retryable: false },
  NothingToResume: { retryable: false },
  RollbackRefused: { retryable: false },
  /** A message that does not fit what the release is doing; nothing has changed. */
  Refused: { retryable: false },
  PortalUnavailable: { retryable: true },
  DatabaseUnavailable: { retryable: true },
  DatabaseBusy: { retryable: true },
  /** What is not in the table of worker/failure_table.ts, and statements that were cancelled. */
  DatabaseError: { retryable: false },
  BadData: { retryable: false },
  OutOfResources: { retryable: true },
  ConfigurationError: { retryable: false },
} as const satisfies Record<string, { retryable: boolean }>;

export type FailureType = keyof typeof FAILURES;

/** What a failure carries besides its message: facts that a person or a program can use. */
export type FailureFacts = Record<string, unknown>;
