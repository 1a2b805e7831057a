import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Amount, Beat, Phase, ReleaseState } from '../contracts/index.ts';
import type { ActivityDeps, LogFacts } from './deps.ts';
import { Database, type Fence } from './postgres/database.ts';
import { claimStep, stepApplicationName } from './postgres/fence.ts';
import { endAttemptsBefore } from './postgres/owner.ts';
import { findRelease, type ReleaseRef, recordEvent, setState } from './postgres/releases.ts';
import { tellPhase } from './telling.ts';

/** A heartbeat carries the cancellation back, so it decides how fast an abort reaches the SQL. */
const HEARTBEAT_MS = 200;

/** What a step has at hand while it runs. */
export interface Step {
  db: Database;
  /** Says what is being done right now, and how far it is; `status` and `watch` show it. */
  progress: Progress;
  /** Writes a row of release_events and a log line. */
  event(name: string, facts?: LogFacts): Promise<void>;
  setState(state: ReleaseState): Promise<void>;
  /** Ends whatever an earlier attempt of any step of the release is doing still; does not wait for it. */
  endOtherAttempts(): Promise<void>;
}

export type Progress = (detail: string, amount?: Amount) => void;

export interface StepName {
  phase: Phase;
  /** Differs from the phase where a phase has several activities (one an importer). */
  step?: string;
  /** True for a short step that a worker's shutdown must not cut: its statement may be at its COMMIT. An abort may. */
  outlastsShutdown?: boolean;
}

/** The reason that Temporal gives an activity when its worker stops; an abort has another one. */
const WORKER_SHUTDOWN = 'WORKER_SHUTDOWN';

/** The activity's signal, but silent when it is the worker that stops. */
function signalOfAbort(): AbortSignal {
  const signal = cancellationSignal();
  const controller = new AbortController();
  const pass = () => {
    if ((signal.reason as Error | undefined)?.message !== WORKER_SHUTDOWN) controller.abort(signal.reason);
  };
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true });
  return controller.signal;
}

/** Runs `work` with a heartbeat from a timer, so that one long statement keeps beating too. */
export async function withHeartbeat<T>(work: (progress: Progress) => Promise<T>, step?: string): Promise<T> {
  const says: Beat = { step, detail: '', since: new Date().toISOString() };
  const beat = () => heartbeat(says);
  const timer = setInterval(beat, HEARTBEAT_MS);
  try {
    return await work((detail, amount) => {
      Object.assign(says, { detail, amount });
      beat();
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * The frame of every phase's activity: claims the fence (earlier attempts of the step are ended), beats, and hands out a
 * database whose transactions check the fence and whose statements the cancellation stops.
 */
export async function runStep<T>(
  deps: ActivityDeps,
  release: ReleaseRef,
  name: StepName,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const info = activityInfo();
  const step = name.step ?? name.phase;
  const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
  const fence: Fence = { releaseId: release.releaseId, runId, step, token: info.currentAttemptScheduledTimestampMs };
  const applicationName = stepApplicationName(fence);
  const signal = name.outlastsShutdown ? signalOfAbort() : cancellationSignal();
  return withHeartbeat(async (progress) => {
    await claimStep(new Database(deps.pool, { applicationName, signal }), fence, workflowId);
    const db = new Database(deps.pool, { applicationName, signal, fence });
    const facts = { phase: name.phase, release_id: release.releaseId, label: release.label };
    return work({
      db,
      progress,
      event: async (event, payload = {}) => {
        await db.transaction((session) =>
          recordEvent(session, release.releaseId, event, { phase: name.phase, ...payload }),
        );
        deps.log('info', event, { ...facts, ...payload });
      },
      endOtherAttempts: () => db.session((session) => endAttemptsBefore(session, release.releaseId, fence.token, 0)),
      setState: (state) => db.transaction((session) => setState(session, release.releaseId, state)),
    });
  }, step);
}

/** A step that is a whole phase: its start, end and duration are recorded (specification, "Monitoring & Logging"). */
export async function runPhase<T>(
  deps: ActivityDeps,
  release: ReleaseRef,
  phase: Phase,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  return runStep(deps, release, { phase }, async (step) => {
    const started = Date.now();
    await step.event('phase_started', {});
    const result = await work(step);
    await phaseCompleted(deps, release, step, phase, { seconds: (Date.now() - started) / 1000, result });
    return result;
  });
}

export async function phaseCompleted(
  deps: ActivityDeps,
  release: ReleaseRef,
  step: Step,
  phase: Phase,
  { seconds, result }: { seconds: number; result?: unknown },
): Promise<void> {
  await step.event('phase_completed', { seconds });
  await step.event('phase_duration', { seconds });
  tellPhase(deps, release, phase, { seconds, result });
}

/** A reset to before a finished swap finds the release current: what comes before the swap has nothing left to do. */
export async function alreadySwapped(step: Step, release: ReleaseRef): Promise<boolean> {
  return step.db.session(
    async (session) => (await findRelease(session, { id: release.releaseId }))?.is_current ?? false,
  );
}
