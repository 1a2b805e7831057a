import { ApplicationFailure } from '@temporalio/common';
import { ReleaseError, sqlstateOf } from '../activities/postgres/errors.ts';
import { FAILURES, type FailureFacts, type FailureType } from '../contracts/index.ts';
import { type Treatment, treatmentOf } from './failure_table.ts';

/** pg reports a connection that goes away in the middle of a query by text only. */
const CONNECTION_LOST =
  /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i;

/** Attempts in a row that have failed for the same reason: a row of the table of errors. */
export interface InARow {
  meaning: string;
  times: number;
}

/**
 * How often in a row an activity has failed for the reason that `error` has. Other attempts do not count: ten restarts of a
 * worker say nothing of a disk that is full for the first time.
 */
export function countInARow(error: unknown, before: InARow | undefined): InARow {
  const { meaning = '' } = describe(error);
  return { meaning, times: before?.meaning === meaning ? before.times + 1 : 1 };
}

/**
 * Turns whatever a room threw into the failure that Temporal records: typed, with its facts, retryable or not, and after
 * which time.
 *
 * @param times how often in a row it has happened, from 1
 */
export function toFailure(error: unknown, times = 1): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { type, message, facts, delayMs, attempts } = describe(error);
  const exhausted = attempts !== undefined && times >= attempts;
  const retryable = FAILURES[type].retryable && !exhausted;
  return ApplicationFailure.create({
    type,
    message: exhausted ? `${message}; tried ${times} times` : message,
    nonRetryable: !retryable,
    details: [facts],
    ...(retryable && delayMs !== undefined ? { nextRetryDelay: delayMs } : {}),
    ...(error instanceof Error ? { cause: error } : {}),
  });
}

interface Description extends Partial<Pick<Treatment, 'meaning' | 'delayMs' | 'attempts'>> {
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

function treated(code: string, context?: string): Omit<Description, 'message' | 'facts'> {
  const { type = 'DatabaseError', meaning, delayMs, attempts } = treatmentOf(code, context) ?? {};
  return {
    type,
    ...(meaning === undefined ? {} : { meaning }),
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(attempts === undefined ? {} : { attempts }),
  };
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
