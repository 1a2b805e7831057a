import type { Mode } from './modes.ts';
import type { Phase } from './phases.ts';
import type { ReleaseState } from './states.ts';
import type { Parked, WaitingFor } from './waiting.ts';

/** Task queue that workers poll and commands start on. */
export const TASK_QUEUE = 'pp-release';

/** Names of workflows and messages: a contract with the Web UI, `temporal`, `tctl` and other people's scripts. */
export const WORKFLOW = {
  release: 'portalRelease',
  rollback: 'portalRollback',
  cleanup: 'portalBackupCleanup',
  probe: 'portalProbe',
} as const;
export const MESSAGE = {
  admitted: 'admitted',
  abort: 'abort',
  dryRun: 'dryRun',
  promote: 'promote',
  retry: 'retry',
  park: 'park',
  status: 'status',
  manifest: 'manifest',
} as const;

/** Search attributes of a release's workflow, all of type Keyword; a namespace has to know them. */
export const SEARCH_ATTRIBUTES = ['PpLabel', 'PpState', 'PpPhase'] as const;

/** Who holds the release lock, as told to whoever is refused. */
export interface LockHolder {
  purpose: string;
  workflowId?: string | undefined;
  runId?: string | undefined;
  since?: string | undefined;
  /** Session that holds advisory lock 42000001: process id in PostgreSQL and application name. */
  pid?: number | undefined;
  application?: string | undefined;
}

/** Answer of the update `admitted`. */
export type Admission =
  | { admitted: true; releaseId: number; wasLive?: boolean | undefined }
  | { admitted: false; reason: string; type: string; holder?: LockHolder };

/** What a phase up to the swap answers for a release that is live already (a reset, a resume): nothing was done. */
export const ALREADY_SWAPPED = 'already swapped';

/** Answer of the update `abort`. */
export interface AbortAnswer {
  aborting: boolean;
  reason: string;
  /** Where there was a park before the abort. */
  parked?: Parked | undefined;
  stagingLeft?: StagingLeft | undefined;
}

/** What an abort could not drop of staging, and why. */
export interface StagingLeft {
  relations: string[];
  /** What PostgreSQL said, with its DETAIL: it names what was built on staging. */
  reasons: string[];
  /** Sessions that lock it. */
  lockedBy: string[];
  /** It is dropped by itself as soon as they let go of it; otherwise a person has to drop what was built on it. */
  onlyLocked: boolean;
}

const NAMED = 3;

export function describeStagingLeft({ relations, reasons, lockedBy, onlyLocked }: StagingLeft): string {
  const more = relations.length > NAMED ? ` and ${relations.length - NAMED} more` : '';
  const what = `${relations.length} relations of staging are left (${relations.slice(0, NAMED).join(', ')}${more})`;
  if (onlyLocked) {
    const by = lockedBy.length > 0 ? `, which is locked by ${lockedBy.slice(0, NAMED).join(', ')}` : '';
    return `${what}${by}; they are dropped as soon as nobody locks them`;
  }
  return `${what}: ${reasons.join('; ')}; drop what was built on them, then the next start drops them`;
}

export type PhaseProgress = 'pending' | 'running' | 'done' | 'skipped' | 'failed';

/** One phase, or one importer of a phase. Times are ISO 8601, in UTC. */
export interface StepStatus {
  name: string;
  progress: PhaseProgress;
  startedAt?: string | undefined;
  seconds?: number | undefined;
  /** Small counts and notes only; what is large stays in the database. */
  result?: Record<string, unknown> | undefined;
  steps?: StepStatus[] | undefined;
}

/** Answer of the query `status`. */
export interface ReleaseStatus {
  label: string;
  releaseId?: number | undefined;
  mode: Mode;
  dryRun: boolean;
  state: ReleaseState;
  phase?: Phase | undefined;
  phases: StepStatus[];
  waitingFor?: WaitingFor | undefined;
  lastFailure?: { phase: Phase; type: string; message: string } | undefined;
  lastBlockers?: Blocker[] | undefined;
  /** Why the last signal was not taken: who sends a signal gets no answer. */
  lastRefusal?: string | undefined;
  /** It was parked: by whom and when. */
  parked?: Parked | undefined;
  /** The command that goes on with it, where it has ended and can be gone on with. */
  goOn?: string | undefined;
  /** What an abort could not drop. */
  stagingLeft?: StagingLeft | undefined;
}

/** How much of a step is done, of how much if that is known. */
export interface Amount {
  done: number;
  expected?: number | undefined;
  unit: 'bytes' | 'rows';
}

/** What an activity's heartbeat carries. */
export interface Beat {
  step?: string | undefined;
  detail: string;
  /** Start of the attempt, ISO 8601. */
  since: string;
  amount?: Amount | undefined;
}

/** A session that stands in the way of the swap's lock. */
export interface Blocker {
  pid: number;
  role: string;
  application: string;
  relation: string;
  ageSeconds: number;
  query: string;
}

export interface ManifestSummary {
  releaseId: number;
  label: string;
  digest: string;
  counts: Record<string, number>;
}

/** What the workflow returns. */
export interface ReleaseResult {
  releaseId: number;
  label: string;
  state: ReleaseState;
  backupStamp?: string | undefined;
  manifest?: ManifestSummary | undefined;
  stoppedAfter?: Phase | undefined;
  /** True where the release was live before the run: nothing was staged or swapped. */
  wasLive?: boolean | undefined;
  /** Who parked it, and where: staging stays for a later start. */
  parked?: Parked | undefined;
  stagingLeft?: StagingLeft | undefined;
}

/** What `portalRollback` returns. */
export interface RollbackResult {
  /** The release that was live and is staging now. */
  releaseId: number;
  label: string;
  stamp: string;
  lockWindowMs?: number | undefined;
}

/** What became of a rollback or a cleanup that did not succeed; part of its event's name. */
export type OperationName = 'rollback' | 'cleanup';

/** How a part of a probe went; a fault is PostgreSQL's own word. */
export interface ProbePart {
  done: boolean;
  fault?: string | undefined;
  sqlstate?: string | undefined;
}

/** What `portalProbe` returns. */
export interface ProbeResult {
  /** Of the activity: above 1, another worker had it before. */
  attempt: number;
  /** Two rows were swapped in the live database, and another session saw the new ones. */
  swap: ProbePart;
  /** A row, or none, came over the foreign server. */
  row: ProbePart;
}

/** Answer of the query `status` of a rollback. */
export interface RollbackStatus {
  stamp: string;
  step: 'acquire_lock' | 'prepare' | 'change' | 'finish' | 'release_lock' | 'done' | 'failed';
  lastBlockers?: Blocker[] | undefined;
}
