import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import {
  ALREADY_SWAPPED,
  describeUnfinished,
  finishCommand,
  goOnCommand,
  type Phase,
  type ReleaseState,
} from '../contracts/index.ts';
import { describeFailure, isMendable } from './failure.ts';
import { keeper, lasting, quick } from './proxies.ts';
import type { ReleaseRun } from './run.ts';
import { dropStagingLater } from './staging.ts';
import { ParkedError } from './waiting.ts';

/** Holds the release lock in the background until it is stopped; a lock that is refused or lost ends the work. */
export class LockKeeper {
  failure: unknown;
  /** Temporal's own cancel must not reach it: the lock is held until what has to be finished, or undone, is. */
  readonly #scope = new CancellationScope({
    cancellable: true,
    parent: new CancellationScope({ cancellable: false }),
  });
  readonly #kept: Promise<void>;
  #stopping = false;

  constructor(request: { label: string; purpose: string }, onFailure: (failure: unknown) => void) {
    const keep = () =>
      this.#scope.run(() =>
        keeper.keepLock.executeWithOptions({ summary: `holds the lock: ${request.purpose}` }, [request]),
      );
    this.#kept = CancellationScope.nonCancellable(keep).catch((error: unknown) => {
      // Asked to end, it is over, however it ended: on a killed worker nobody hears the cancellation, it runs out of time.
      if (this.#stopping || isCancellation(error)) return;
      this.failure = error;
      onFailure(error);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#scope.cancel();
    await this.#kept;
  }
}

/**
 * Runs `work` with the release lock held: whatever happens, the end of the release is written down and the lock is given
 * back.
 */
export async function withLock(run: ReleaseRun, work: (plan: ReleasePlan) => Promise<void>): Promise<void> {
  const { label } = run.input;
  const request = { label, purpose: `release ${label}` };
  const lock = new LockKeeper(request, (failure) => run.loseLock(failure));
  let ending: unknown;
  try {
    await run.stoppable(async () => {
      const plan = await run.phase('acquire_lock', () =>
        quick.acquireLock({ ...run.input, ...request, firstRunId: workflowInfo().firstExecutionRunId }),
      );
      run.phaseStatus('acquire_lock').result = {
        release: plan?.release.releaseId,
        resumed: plan?.resumed,
        leftOut: plan?.leftOut,
      };
      run.plan = plan as ReleasePlan;
      // What is live has its state already, and the run may have nothing to do that would set it.
      if (run.plan.wasLive && run.plan.state) run.status.state = run.plan.state;
      run.admissions.admit({ admitted: true, releaseId: run.plan.release.releaseId, wasLive: run.plan.wasLive });
      await work(run.plan);
    });
  } catch (error) {
    run.ended = true;
    const cause = lock.failure ?? run.stoppedBy(error);
    if (cause instanceof ParkedError) {
      run.parked = cause.parked;
      Object.assign(run.status, { parked: cause.parked, goOn: cause.parked.goOn });
      run.skipRest(cause.message);
    } else {
      ending = cause;
      await CancellationScope.nonCancellable(() => writeEnd(run, cause));
      // Somebody asked for it by message: that is an end, not a failure. A cancellation is passed on to whoever cancelled.
      if (!run.aborting || lock.failure) throw cause;
    }
  } finally {
    run.ended = true;
    await CancellationScope.nonCancellable(async () => {
      run.waitFor(undefined);
      await lock.stop();
      try {
        await giveBack(run, ending);
      } finally {
        run.lockGivenBack = true;
        // Whoever is told why it was not started can start at once again.
        if (ending) run.admissions.refuse(ending);
      }
      if (run.stagingLeft) await dropStagingLater(run.release, run.stagingLeft);
      await condition(allHandlersFinished);
    });
  }
}

/** Failed or aborted: the release's row says so before the lock is given back. */
async function writeEnd(run: ReleaseRun, error: unknown): Promise<void> {
  const phase = run.status.phase ?? 'acquire_lock';
  const release = run.plan?.release;
  if (isCancellation(error) && !run.committed) {
    const { live, left, remains } = release ? await lasting.markAborted(release, phase) : {};
    if (live) throw aliveAllTheSame(run, live);
    run.stagingLeft = left;
    run.status.stagingLeft = remains;
    run.status.state = 'aborted';
    return;
  }
  run.status.state = 'failed';
  const { type, message } = describeFailure(error);
  // The release is not this run's, or not any more: whoever has it says what becomes of it.
  if (type === 'Fenced' || type === 'LockHeld') return;
  if (release) await lasting.markFailed(release, { phase, type, message: withAdvice(run, phase, error, message) });
}

/** What failed, and the one command that goes on from there. */
function withAdvice(run: ReleaseRun, phase: Phase, error: unknown, message: string): string {
  const { label } = run.input;
  if (run.committed) {
    run.status.goOn = finishCommand(label);
    return describeUnfinished(label, message);
  }
  if (!isMendable(phase, error)) return message;
  run.status.goOn = goOnCommand(label, phase);
  return `${message}; go on with ${run.status.goOn}`;
}

/** The run of a release that is live already did not know it yet when it was aborted. */
function aliveAllTheSame(run: ReleaseRun, state: ReleaseState): ApplicationFailure {
  run.commit({ outcome: ALREADY_SWAPPED });
  run.status.state = state;
  const { label } = run.input;
  const finish = state === 'succeeded' ? '' : `finish it with ${finishCommand(label)}, or `;
  const message = `release ${label} is live, so nothing was aborted; ${finish}roll it back if it is wrong`;
  return ApplicationFailure.nonRetryable(message, 'Refused');
}

async function giveBack(run: ReleaseRun, ending: unknown): Promise<void> {
  const release = run.plan?.release;
  if (release) {
    await run.phase('release_lock', async () => {
      await lasting.releaseLock(release);
      return {};
    });
  } else {
    // It may have opened a release whose name never got here.
    const state = isCancellation(ending) ? 'aborted' : 'failed';
    const { type, message } = describeFailure(ending);
    await lasting.dropClaim(state === 'aborted' ? { state } : { state, error: `${type}: ${message}` });
  }
}
