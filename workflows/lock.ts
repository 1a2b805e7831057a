import { allHandlersFinished, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import { keeper, quick } from './proxies.ts';
import { describeFailure, type ReleaseRun, refusedBy } from './run.ts';

/**
 * Runs `work` with the release lock held: the keeper holds it in the background and is raced against the work; whatever
 * happens, the end of the release is written down and the lock is given back.
 */
export async function withLock(run: ReleaseRun, work: (plan: ReleasePlan) => Promise<void>): Promise<void> {
  const { label } = run.input;
  const request = { label, purpose: `release ${label}` };
  const keeping = new CancellationScope({ cancellable: true });
  let keeperFailure: unknown;
  const kept = CancellationScope.nonCancellable(() => keeping.run(() => keeper.keepLock(request))).catch(
    (error: unknown) => {
      if (isCancellation(error)) return;
      keeperFailure = error;
      run.stop();
    },
  );
  try {
    await run.stoppable(async () => {
      run.plan = (await run.phase('acquire_lock', () =>
        quick.acquireLock({ ...run.input, ...request }),
      )) as ReleasePlan;
      run.admit({ admitted: true, releaseId: run.plan.release.releaseId });
      await work(run.plan);
    });
  } catch (error) {
    const cause = keeperFailure ?? error;
    run.admit({ admitted: false, ...(refusedBy(cause) ?? { reason: describeFailure(cause).message }) });
    await CancellationScope.nonCancellable(() => writeEnd(run, cause));
    throw cause;
  } finally {
    await CancellationScope.nonCancellable(async () => {
      run.ended = true;
      keeping.cancel();
      await kept;
      await giveBack(run, keeperFailure);
      await condition(allHandlersFinished);
    });
  }
}

/** Failed or aborted: the release's row says so before the lock is given back. */
async function writeEnd(run: ReleaseRun, error: unknown): Promise<void> {
  const phase = run.status.phase ?? 'acquire_lock';
  const release = run.plan?.release;
  if (isCancellation(error) && !run.committed) {
    if (release) await quick.markAborted(release, phase);
    run.status.state = 'aborted';
    return;
  }
  run.status.state = 'failed';
  if (release) await quick.markFailed(release, { phase, ...describeFailure(error) });
}

async function giveBack(run: ReleaseRun, keeperFailure: unknown): Promise<void> {
  const release = run.plan?.release;
  if (release) {
    await run.phase('release_lock', async () => {
      await quick.releaseLock(release);
      return {};
    });
  } else if (!keeperFailure) {
    await quick.dropClaim();
  }
}
