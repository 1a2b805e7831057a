import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import type { Blocker, StepStatus } from '../contracts/index.ts';
import { lasting, long, swap } from './proxies.ts';
import { type ReleaseRun, secondsSince } from './run.ts';

/** A reader that has been there for longer than this is waited for; shorter ones come and go, and can be queued behind. */
const LONG_READER_SECONDS = 1;
/** Share of the budget after which the swap waits in the queue for moments instead of only looking for a gap. */
const LOOKING_SHARE = 0.8;

/** Somebody has turned dry run on before there was a moment for the swap. */
const DRY_RUN = { outcome: 'dry run', skipped: 'dry run' };

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
 *
 * @param then ends the message where there was none: what to do once they have gone. A release that waits for a retry, or has
 * failed, is told so where that is known.
 */
export async function tryInRounds<T extends Round>(
  budgetMs: number,
  attempt: (patient: boolean) => Promise<T>,
  onBlocked: (blockers: Blocker[], round: number) => void,
  then = '',
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
    if (Date.now() - started >= budgetMs) throw blockedFailure(blockers, budgetMs, then);
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
    if (run.dryRun) return DRY_RUN;
    const { acceptShape } = run.input;
    await long.prepareSwap(release, { importers: importers.map(({ name }) => name), acceptShape });
    const swapped = await swapInRounds(run, plan, status);
    if (swapped.outcome === DRY_RUN.outcome) return DRY_RUN;
    run.commit(swapped);
    // One that was asked for during the very round came too late.
    if (run.dryRun) run.refuseSignal('dryRun', 'the swap was committed before it arrived');
    run.dryRun = false;
  }
  const done = await run.finishing(() => long.finishSwap(release, { seconds: secondsSince(started) }));
  return { ...run.swapped, ...done };
}

function swapInRounds(run: ReleaseRun, plan: ReleasePlan, status: StepStatus): Promise<Swapped> {
  const { release, lockTimeoutMs } = plan;
  const { endBlockersFor } = run.input;
  const rounds = tryInRounds(
    lockTimeoutMs,
    // A dry run may be asked for until the swap is committed.
    async (patient) => (run.dryRun ? DRY_RUN : swap.attemptSwap(release, { patient, endBlockersFor })),
    (blockers, round) => {
      run.status.lastBlockers = blockers;
      status.result = { rounds: round, blockers: blockers.length };
      run.show();
    },
  );
  return orCommitted<Swapped>(rounds, () => lasting.findSwap(release));
}

/**
 * What `rounds` answer; and where a cancellation, or the end of a worker, has met a COMMIT that was on its way, what the
 * database says: only it knows which was faster.
 */
export async function orCommitted<T>(rounds: Promise<T>, find: () => Promise<T | null>): Promise<T> {
  try {
    return await rounds;
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
    const found = await CancellationScope.nonCancellable(find);
    if (found === null) throw error;
    return found;
  }
}

/** So many sessions are named in the message; all of them are in its facts, and in the status. */
const NAMED = 5;

function blockedFailure(blockers: readonly Blocker[], budgetMs: number, then: string): ApplicationFailure {
  const names = blockers
    .slice(0, NAMED)
    .map(
      ({ pid, role, application, relation, ageSeconds }) =>
        `pid ${pid} (role ${role}, application ${application || 'unnamed'}) on ${relation} for ${Math.round(ageSeconds)} s`,
    );
  const more = blockers.length - names.length;
  if (more > 0) names.push(`and ${more} more`);
  const inTheWay = names.join('; ') || 'short readers that leave no gap';
  const message = `nothing was changed, live is as it was: within ${budgetMs / 1000} s there was no moment without readers; in the way: ${inTheWay}; wait until they have gone, or end them${then}`;
  return ApplicationFailure.nonRetryable(message, 'SwapRefused', { blockers });
}
