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
      { level: 'debug', stream: pino.destination({ dest: path, append: true, sync: true }) },
      { level: 'debug', stream: pino.destination({ dest: 1, sync: true }) },
    ]),
  );
  return (level, event, facts = {}) => {
    const { phase, release_id, label, ...payload } = facts;
    logger[level]({ event, phase, release_id, label, ...payload });
  };
}

function microseconds(): string {
  const micros = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const millis = Math.floor(micros / 1000);
  return new Date(millis).toISOString().replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`);
}
