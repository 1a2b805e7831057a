import type pg from 'pg';
import type { HowClosed } from './postgres/lock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Facts of a log line; `phase`, `release_id` and `label` stand first in the line. */
export type LogFacts = Record<string, unknown>;
export type Log = (level: LogLevel, event: string, facts?: LogFacts) => void;

/**
 * Tells people; a message that cannot be delivered is logged, and fails nothing. Whoever does not wait for the answer is not
 * held up; the order is kept all the same.
 */
export type Notify = (text: string) => Promise<void>;

/** What belongs to the place where a worker runs; parsed once, at its start. */
export interface ActivityConfig {
  /** How long the swap looks for a gap between readers in all, ms (specification: 30 s). */
  lockTimeoutMs: number;
  /** Bounds the swap's transaction, ms (specification: 5 min). */
  statementTimeoutMs: number;
  /** Backups that retention keeps (specification: 1). */
  keepBackups: number;
  /** Roles whose sessions a release may end when they are in the way of the swap, if its operator says so. */
  endBlockerRoles: readonly string[];
  /** Folder of the CSV files; without it the importers that need one are left out. */
  csvDir?: string | undefined;
  /** Folder of the manifest files. */
  manifestDir: string;
  /** People are told of each phase that ends (specification: PP_RELEASE_SLACK_PHASE_COMPLETE). */
  tellPhases: boolean;
  /** People are told of each importer (specification: PP_IMPORT_PROGRESS_NOTIFICATIONS). */
  tellImporters: boolean;
}

export interface ActivityDeps {
  pool: pg.Pool;
  databaseUrl: string;
  config: ActivityConfig;
  log: Log;
  notify: Notify;
  howClosed: HowClosed;
}
