/** A situation that a person can mend: says what is wrong, why, and what to do. Shown without a stack trace. */
export class StackError extends Error {
  override readonly name = 'StackError';

  constructor(what: string, why: string, whatToDo: string) {
    super(`${what}\n  Why: ${why}\n  What to do: ${whatToDo}`);
  }
}

const wantsDetails = () => process.env.PP_DEBUG === '1' || process.argv.includes('--verbose');

/** Prints an error as an operator wants it: one message; the stack trace only when asked for. */
export function reportError(error: unknown): void {
  if (!(error instanceof Error)) {
    console.error(`Error: ${String(error)}`);
    return;
  }
  console.error(wantsDetails() ? error : `Error: ${error.message}`);
  if (!wantsDetails() && !(error instanceof StackError)) console.error('  (PP_DEBUG=1 shows where it happened.)');
}
