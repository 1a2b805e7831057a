import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import type { Log } from '../activities/deps.ts';

/**
 * The release log: one JSON object a line with ts (ISO 8601, microseconds), level, event, phase, release_id, label, then
 * the payload; to the file named by PP_RELEASE_LOG_PATH and to standard output.
 */
export function createLog(path: string): Log {
  mkdirSync(dirname(path), { recursive: true });
  const logger = pino(
    {
      base: null,
      level: 'debug',
      timestamp: () => `,"ts":"${microseconds()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.multistream([
      { level: 'debug', stream: destination(path, `the log ${path}`) },
      { level: 'debug', stream: destination(1, 'standard output') },
    ]),
  );
  return (level, event, facts = {}) => {
    const { phase, release_id, label, ...payload } = facts;
    logger[level]({ event, phase, release_id, label, ...payload });
  };
}

/** What waits while a disk is full; beyond that, lines are dropped. */
const LONGEST_BACKLOG = 1 << 20;

/** A log that cannot be written is told of once, and stops neither the worker nor a release. */
function destination(dest: string | number, name: string): ReturnType<typeof pino.destination> {
  const stream = pino.destination({ dest, append: true, sync: true, maxLength: LONGEST_BACKLOG });
  let told = false;
  stream.on('error', (error: Error) => {
    if (!told) process.stderr.write(`pp-release: ${name} cannot be written: ${error.message}; the work goes on\n`);
    told = true;
  });
  return stream;
}

function microseconds(): string {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const millis = Math.floor(micros / 1000);
  return new Date(millis).toISOString().replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);
}
