/** Exit codes of every command. The last is that of programs which a closed pipe ends (128 + SIGPIPE). */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, readerGone: 141 } as const;

/** Ends a command with one message: what is wrong, why, and what to do. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly facts: Record<string, unknown>;

  constructor(exitCode: number, message: string, facts: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.facts = facts;
  }
}
