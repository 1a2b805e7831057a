import { ApplicationFailure } from '@temporalio/common';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../activities/postgres/errors.ts';
import { FAILURES, type FailureFacts, type FailureType } from '../contracts/index.ts';

/** SQLSTATEs, or classes of them (two letters), and what they mean for a phase. The first match counts. */
const BY_SQLSTATE: readonly [code: string, type: FailureType][] = [
  [SQLSTATE.fenced, 'Fenced'],
  [SQLSTATE.invalidPassword, 'ConfigurationError'],
  ['28', 'ConfigurationError'],
  ['3D', 'ConfigurationError'],
  [SQLSTATE.fdwUnableToEstablishConnection, 'PortalUnavailable'],
  ['08', 'DatabaseUnavailable'],
  [SQLSTATE.adminShutdown, 'DatabaseUnavailable'],
  [SQLSTATE.crashShutdown, 'DatabaseUnavailable'],
  [SQLSTATE.cannotConnectNow, 'DatabaseUnavailable'],
  ['57P05', 'DatabaseUnavailable'],
  [SQLSTATE.lockNotAvailable, 'DatabaseBusy'],
  [SQLSTATE.deadlockDetected, 'DatabaseBusy'],
  [SQLSTATE.serializationFailure, 'DatabaseBusy'],
  ['53', 'OutOfResources'],
];

const NETWORK_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** pg reports a connection that goes away in the middle of a query by text only. */
const CONNECTION_LOST =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i;

/** Turns whatever a room threw into the failure that Temporal records: typed, with its facts, retryable or not. */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { type, message, facts } = describe(error);
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !FAILURES[type].retryable,
    details: [facts],
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

interface Description {
  type: FailureType;
  message: string;
  facts: FailureFacts;
}

function describe(error: unknown): Description {
  if (error instanceof ReleaseError) return { type: error.type, message: error.message, facts: error.facts };
  const message = error instanceof Error ? error.message : String(error);
  const sqlstate = sqlstateOf(error);
  if (sqlstate) {
    const { detail, hint, table, constraint, where } = error as Record<string, string | undefined>;
    const type = BY_SQLSTATE.find(([code]) => sqlstate.startsWith(code))?.[1] ?? 'DatabaseError';
    const text = [message, detail, hint].filter(Boolean).join('; ');
    return { type, message: `${text} (SQLSTATE ${sqlstate})`, facts: { sqlstate, table, constraint, where } };
  }
  const code = (error as { code?: unknown } | null)?.code;
  if ((typeof code === 'string' && NETWORK_ERRORS.has(code)) || CONNECTION_LOST.test(message)) {
    return { type: 'DatabaseUnavailable', message: message || String(code), facts: { code } };
  }
  return { type: 'DatabaseError', message, facts: {} };
}
