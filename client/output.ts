import { EXIT } from './errors.ts';
import { inEightLines } from './text.ts';

/** What a command prints: text for people, or one JSON document with --json. */
export interface Output {
  json: boolean;
  /** Text for people; silent with --json. */
  say(line: string): void;
  /** The result: JSON with --json, else `text`. */
  result(value: unknown, text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    say: (line) => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    result: (value, text) => {
      process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
    },
  };
}

/** Ends a command that only shows something, once nobody reads it or it cannot be written; the exit code says which. */
export class OutputLostError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('standard output is gone');
    this.name = 'OutputLostError';
    this.exitCode = exitCode;
  }
}

let lost: OutputLostError | undefined;

/**
 * Lets no command end with a stack trace because its output has nowhere to go. A command that does something goes on to its
 * end, and its exit code is its own: what it was asked for is not left half done because of a pipe. One that follows a release
 * ends (`endIfOutputIsLost`).
 */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (lost) return;
    const isClosed = error.code === 'EPIPE';
    lost = new OutputLostError(isClosed ? EXIT.readerGone : EXIT.failed);
    if (isClosed) return;
    process.stderr.write(`pp-release: standard output cannot be written: ${error.message}\n`);
    process.exitCode ||= EXIT.failed;
  });
  // There is nowhere to say it.
  process.stderr.on('error', () => undefined);
}

/** @throws OutputLostError */
export function endIfOutputIsLost(): void {
  if (lost) throw lost;
}

/** One message on standard error, with --json one document on standard output, too. */
export function tellError(
  error: unknown,
  facts: Record<string, unknown>,
  options: { json: boolean; stack: boolean },
): void {
  const message = error instanceof Error ? error.message : String(error);
  if (options.json) process.stdout.write(`${JSON.stringify({ error: message, ...facts }, null, 2)}\n`);
  process.stderr.write(`${inEightLines(`pp-release: ${message}`, 'add --json for the whole of it')}\n`);
  if (options.stack && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
