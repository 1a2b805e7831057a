import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import type { Blocker, StepStatus } from '../contracts/index.ts';
import { long, swap } from './proxies.ts';
import { type ReleaseRun, secondsSince } from './run.ts';

/** A reader that has been there for longer than this is waited for; shorter ones come and go, and can be queued behind. */
const LONG_READER_SECONDS = 1;
/** Share of the budget after which the swap waits in the queue for moments instead of only looking for a gap. */
const LOOKING_SHARE = 0.8;

/** What a swap that was committed answered. */
export interface Swapped {
  outcome: string;
  stamp?: string | null;
}

interface Round {
  outcome: string;
  blockers?: Blocker[];
}

/**
 * Tries round by round until the budget is used up: looks for a gap between readers first, and waits in the lock's queue
 * for moments only at the end, and never behind a reader that stays.
 */
export async function tryInRounds<T extends Round>(
  budgetMs: number,
  attempt: (patient: boolean) => Promise<T>,
  onBlocked: (blockers: Blocker[], round: number) => void,
): Promise<Exclude<T, { outcome: 'blocked' }> & { rounds: number }> {
  const started = Date.now();
  let blockers: Blocker[] = [];
  for (let round = 1; ; round++) {
    const elapsed = Date.now() - started;
    const shortReaders = blockers.every(({ ageSeconds }) => ageSeconds < LONG_READER_SECONDS);
    const result = await attempt(round > 1 && elapsed > LOOKING_SHARE * budgetMs && shortReaders);
    if (result.outcome !== 'blocked') return { ...(result as Exclude<T, { outcome: 'blocked' }>), rounds: round };
    blockers = result.blockers ?? [];
    onBlocked(blockers, round);
    if (Date.now() - started >= budgetMs) throw blockedFailure(blockers, budgetMs);
  }
}

/**
 * Prepares staging outside any lock, then swaps. After each round the blockers are in the status. Once it is committed, a
 * retry does what follows COMMIT, and nothing else.
 */
export async function swapToLive(run: ReleaseRun, plan: ReleasePlan, status: StepStatus): Promise<object> {
  const { release, importers } = plan;
  const started = Date.now();
  if (!run.swapped) {
    await long.prepareSwap(release, { importers: importers.map(({ name }) => name) });
    run.commit(await swapInRounds(run, plan, status));
  }
  const done = await run.finishing(() => long.finishSwap(release, { seconds: secondsSince(started) }));
  return { ...run.swapped, ...done };
}

async function swapInRounds(run: ReleaseRun, plan: ReleasePlan, status: StepStatus): Promise<Swapped> {
  const { release, lockTimeoutMs } = plan;
  const { endBlockersFor } = run.input;
  try {
    return await tryInRounds(
      lockTimeoutMs,
      (patient) => swap.attemptSwap(release, { patient, endBlockersFor }),
      (blockers, round) => {
        run.status.lastBlockers = blockers;
        status.result = { rounds: round, blockers: blockers.length };
        run.show();
      },
    );
  } catch (error) {
    if (!isCancellation(error)) throw error;
    // The cancellation may have met a COMMIT that was on its way: only the database knows which was faster.
    const found = await run.finishing(() => swap.findSwap(release));
    if (!found) throw error;
    return found;
  }
}

function blockedFailure(blockers: readonly Blocker[], budgetMs: number): ApplicationFailure {
  const names = blockers.map(
    ({ pid, role, application, relation, ageSeconds }) =>
      `pid ${pid} (role ${role}, application ${application || 'unnamed'}) on ${relation} for ${Math.round(ageSeconds)} s`,
  );
  const inTheWay = names.join('; ') || 'short readers that leave no gap';
  const message = `nothing was changed: within ${budgetMs / 1000} s there was no moment without readers; in the way: ${inTheWay}; wait or end them, then start it again (a release at finalise_swap)`;
  return ApplicationFailure.nonRetryable(message, 'SwapRefused', { blockers });
}
