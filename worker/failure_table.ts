import type { FailureType } from '../contracts/index.ts';

/** What an error code means for a phase. Whether it is tried again says its type (contracts/failures.ts). */
export interface Treatment {
  /** SQLSTATEs, classes of them (two characters), or error codes of the network. */
  codes: readonly string[];
  meaning: string;
  type: FailureType;
  /** Only where the error's context says that the portal's server sent it, through postgres_fdw. */
  fromPortal?: true;
  /** How long until the next attempt. Only for types that are tried again. */
  delayMs?: number;
  /**
   * So many times in a row (on one worker), and it is the operator's to mend. Without it the activity's own time limit ends the
   * attempts.
   */
  attempts?: number;
}

/**
 * The one table of errors and what is done about them; the first row that fits counts. docs/database.md shows the same rows.
 *
 * A lost connection costs a moment, and may be tried for as long as the activity lasts. Disk and memory do not come back by
 * themselves within seconds, and an attempt of an hour's work fills them again: so a long delay, and an end after minutes,
 * when the phase fails, waits for a retry and tells (an unattended release fails). Locks and deadlocks that come again and
 * again are somebody's doing, so they end too. Bad data and bad settings are the same at every attempt.
 */
export const FAILURE_TABLE: readonly Treatment[] = [
  { codes: ['PP001'], meaning: 'a later attempt, or another run, has taken over', type: 'Fenced' },
  {
    codes: ['57P01', '57P02', '57P03', '53300'],
    meaning: 'the portal ends or refuses sessions',
    type: 'PortalUnavailable',
    fromPortal: true,
    delayMs: 5_000,
  },
  {
    // A server sends these to its client for one reason: postgres_fdw did not get through to the portal.
    codes: ['08001', '08003', '08006'],
    meaning: 'the connection to the portal cannot be made, or is lost',
    type: 'PortalUnavailable',
    delayMs: 5_000,
  },
  { codes: ['57P03'], meaning: 'the server is starting or stopping', type: 'DatabaseUnavailable', delayMs: 2_000 },
  {
    codes: ['08', '57P01', '57P02', '57P05', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'],
    meaning: 'the connection is lost: restart, crash, ended by an administrator',
    type: 'DatabaseUnavailable',
    delayMs: 1_000,
  },
  {
    codes: ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
    meaning: 'nobody answers at that address',
    type: 'DatabaseUnavailable',
    delayMs: 2_000,
  },
  {
    codes: ['40P01', '40001'],
    meaning: 'deadlock, serialization failure',
    type: 'DatabaseBusy',
    delayMs: 500,
    attempts: 20,
  },
  {
    codes: ['55P03'],
    meaning: 'somebody else holds a lock',
    type: 'DatabaseBusy',
    delayMs: 1_000,
    attempts: 60,
  },
  {
    codes: ['53', 'ENOSPC'],
    meaning: 'disk full, out of memory, too many connections',
    type: 'OutOfResources',
    delayMs: 30_000,
    attempts: 10,
  },
  { codes: ['22', '23'], meaning: 'data that does not fit', type: 'BadData' },
  {
    codes: ['28', '3D', '42501', 'HV'],
    meaning: 'bad login, no such database, a missing right, a wrong foreign server',
    type: 'ConfigurationError',
  },
  {
    codes: ['57014'],
    meaning: 'a person or a time limit cancelled the statement (an abort is no failure)',
    type: 'DatabaseError',
  },
];

/** postgres_fdw says which statement of the portal's it was. */
const FROM_PORTAL = /remote SQL command:/i;

export function treatmentOf(code: string, context = ''): Treatment | undefined {
  const fromPortal = FROM_PORTAL.test(context);
  return FAILURE_TABLE.find((row) => (!row.fromPortal || fromPortal) && row.codes.some((known) => fits(known, code)));
}

function fits(known: string, code: string): boolean {
  return known.length === 2 ? code.length === 5 && code.startsWith(known) : code === known;
}
