import { closeSync, openSync, readSync, statSync } from 'node:fs';

const MOST_BYTES = 16_384;

/** How long a log is now: what is written after this is by the process that is started next. */
export const logSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The log from `offset` on, but not more than its last 16 kB. */
export function readLog(path: string, offset: number): string {
  const from = Math.max(offset, logSize(path) - MOST_BYTES);
  const buffer = Buffer.alloc(MOST_BYTES);
  const file = openSync(path, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, from));
  } finally {
    closeSync(file);
  }
}
