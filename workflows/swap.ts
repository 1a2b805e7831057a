import { ApplicationFailure } from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import type { StepStatus } from '../contracts/index.ts';
import { long, swap } from './proxies.ts';
import type { ReleaseRun } from './run.ts';

/**
 * Prepares staging outside any lock, then tries to swap, round by round, until the budget is used up. After each round
 * the blockers are in the status.
 */
export async function swapToLive(
  run: ReleaseRun,
  { release, importers, lockTimeoutMs }: ReleasePlan,
  status: StepStatus,
) {
  await long.prepareSwap(release, { importers: importers.map(({ name }) => name) });
  const deadline = Date.now() + lockTimeoutMs;
  for (let round = 1; ; round++) {
    const attempt = await swap.attemptSwap(release);
    if (attempt.outcome !== 'blocked') {
      run.committed = true;
      run.backupStamp = attempt.stamp ?? undefined;
      run.status.lastBlockers = undefined;
      return { ...attempt, rounds: round };
    }
    run.status.lastBlockers = attempt.blockers;
    status.result = { rounds: round, blockers: attempt.blockers.length };
    if (Date.now() >= deadline) throw blocked(attempt.blockers, lockTimeoutMs);
  }
}

function blocked(
  blockers: { pid: number; role: string; application: string; relation: string; ageSeconds: number }[],
  budgetMs: number,
) {
  const names = blockers.map(
    ({ pid, role, application, relation, ageSeconds }) =>
      `pid ${pid} (role ${role}, application ${application || 'unnamed'}) on ${relation} for ${Math.round(ageSeconds)} s`,
  );
  const message = `nothing was swapped: within ${budgetMs / 1000} s there was no moment without readers; in the way: ${names.join('; ') || 'changing short readers'}; end them or wait, then start the release at finalise_swap`;
  return ApplicationFailure.nonRetryable(message, 'SwapRefused', { blockers });
}
