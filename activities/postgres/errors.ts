import type { FailureFacts, FailureType } from '../../contracts/index.ts';

/** A failure that the rooms know by name, with its facts. One mapping (worker/failures.ts) puts it on the wire. */
export class ReleaseError extends Error {
  readonly type: FailureType;
  readonly facts: FailureFacts;

  constructor(type: FailureType, message: string, facts: FailureFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = `${type}Error`;
    this.type = type;
    this.facts = facts;
  }
}

/** The SQLSTATEs that are handled by name (PostgreSQL manual, appendix A; PP001 and PP003 are ours: the fence, an importer's hard error; live/ has two more). */
export const SQLSTATE = {
  fenced: 'PP001',
  hardError: 'PP003',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
  lockNotAvailable: '55P03',
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  diskFull: '53100',
  outOfMemory: '53200',
  tooManyConnections: '53300',
  /** numeric_value_out_of_range: it names neither table, column nor row. */
  outOfRange: '22003',
  insufficientPrivilege: '42501',
  dependentObjects: '2BP01',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  undefinedObject: '42704',
  undefinedSchema: '3F000',
  undefinedFile: '58P01',
  fdwUnableToEstablishConnection: '08001',
  invalidPassword: '28P01',
  fdwInvalidOptionName: 'HV00D',
  fdwTableNotFound: 'HV00R',
} as const;

/** SQLSTATE of an error of the pg library, wherever it stands in the chain of causes. */
export function sqlstateOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const { code, severity } = current as { code?: unknown; severity?: unknown };
    if (typeof code === 'string' && severity !== undefined) return code;
    current = current.cause;
  }
  return undefined;
}

const SHOWN = 5;

/** The first few of many sentences in one message, and how many more there are: `--json` and the event have them all. */
export function someOf(sentences: readonly string[]): string {
  const more = sentences.length - SHOWN;
  return [...sentences.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more, which --json lists`] : [])].join('; ');
}
