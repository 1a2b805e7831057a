import { ApplicationFailure } from '@temporalio/common';
import { ReleaseError, sqlstateOf } from '../activities/postgres/errors.ts';
import { FAILURES, type FailureFacts, type FailureType } from '../contracts/index.ts';
import { type Treatment, treatmentOf } from './failure_table.ts';

/** pg reports a connection that goes away in the middle of a query by text only. */
const CONNECTION_LOST =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i;

/**
 * Turns whatever a room threw into the failure that Temporal records: typed, with its facts, retryable or not, and after
 * which time.
 *
 * @param attempt which attempt of the activity it was, from 1
 */
export function toFailure(error: unknown, attempt = 1): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { type, message, facts, delayMs, attempts } = describe(error);
  const exhausted = attempts !== undefined && attempt >= attempts;
  const retryable = FAILURES[type].retryable && !exhausted;
  return ApplicationFailure.create({
    type,
    message: exhausted ? `${message}; tried ${attempt} times` : message,
    nonRetryable: !retryable,
    details: [facts],
    ...(retryable && delayMs !== undefined ? { nextRetryDelay: delayMs } : {}),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

interface Description extends Pick<Treatment, 'delayMs' | 'attempts'> {
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
    const text = [message, detail, hint].filter(Boolean).join('; ');
    const facts = { sqlstate, table, constraint, where };
    return { ...treated(sqlstate, where), message: `${text} (SQLSTATE ${sqlstate})`, facts };
  }
  const code = codeOf(error) ?? (CONNECTION_LOST.test(message) ? 'ECONNRESET' : undefined);
  if (code) return { ...treated(code), message: message || code, facts: { code } };
  return { type: 'DatabaseError', message, facts: {} };
}

function treated(code: string, context?: string): Pick<Description, 'type' | 'delayMs' | 'attempts'> {
  const { type = 'DatabaseError', delayMs, attempts } = treatmentOf(code, context) ?? {};
  return { type, ...(delayMs === undefined ? {} : { delayMs }), ...(attempts === undefined ? {} : { attempts }) };
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
