import { StackError } from '../stack/errors.ts';

const UP = 'run npm run stack -- up, or set PP_PORTAL_DATABASE_URL to a portal of your own';

/** By SQLSTATE or system error code: what to tell somebody whose portal cannot be reached. */
const FAULTS: Record<string, [what: string, whatToDo: string]> = {
  ECONNREFUSED: ["No PostgreSQL server answers at the portal's address.", UP],
  ENOTFOUND: ["The portal's host name is not known.", 'correct PP_PORTAL_DATABASE_URL'],
  ETIMEDOUT: ["The portal's server does not answer.", UP],
  ERR_INVALID_URL: ["The portal's address is not a connection URL.", 'correct PP_PORTAL_DATABASE_URL'],
  '28P01': ['The portal refuses the password.', 'correct the password in PP_PORTAL_DATABASE_URL'],
  '28000': ['The portal refuses the user.', 'correct the user in PP_PORTAL_DATABASE_URL'],
  '3D000': ['The portal database does not exist.', UP],
  '42501': ['The role may not fill the portal.', 'connect as the owner of the portal database'],
  '57P01': ["The portal's server ended the connection; the old portal is still whole.", 'seed again'],
  '57P03': ["The portal's server is starting or stopping.", 'try again in a moment'],
  '53100': ["The portal's disk is full; the old portal is still whole.", 'free some space and seed again'],
};

/** The error itself, or a plain account of it where the cause is one that a person can mend. */
export function explainConnection(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  const fault = FAULTS[code];
  if (!fault) return error;
  return Object.assign(new StackError(fault[0], first.message, fault[1]), { cause: error });
}
