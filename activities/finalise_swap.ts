import type { ActivityDeps } from './deps.ts';
import { prepareStaging } from './live/prepare.ts';
import { attemptSwap, type SwapAttempt } from './live/swap.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { requireStagingOf } from './staging/holder.ts';
import { requireUnchanged } from './staging/manifest.ts';
import { requireMarks, requireTables } from './staging/validate.ts';
import { alreadySwapped, phaseCompleted, runStep } from './step.ts';

/** One round of looking for a gap; between two rounds the workflow shows the blockers and hears an abort. */
const ROUND_MS = 2_000;

export interface SwapRequest {
  importers: readonly string[];
}

/** Phase 8: prepares staging outside any lock, then changes everything in one transaction. */
export function swapActivities(deps: ActivityDeps) {
  return {
    async prepareSwap(release: ReleaseRef, request: SwapRequest): Promise<{ skipped?: string }> {
      return runStep(deps, release, { phase: 'finalise_swap', step: 'finalise_swap prepare' }, async (step) => {
        await step.event('phase_started', {});
        if (await alreadySwapped(step, release)) return { skipped: 'already swapped' };
        await step.db.session(async (session) => {
          await requireStagingOf(session, release);
          await requireTables(session);
          await requireMarks(session, release, request.importers);
        });
        step.progress('comparing staging with the manifest');
        await requireUnchanged(step.db, release);
        await prepareStaging(step.db, step.progress);
        return {};
      });
    },

    /** One round. Answers what happened; a retry after a lost answer says `already swapped`. */
    async attemptSwap(release: ReleaseRef): Promise<SwapAttempt> {
      return runStep(deps, release, { phase: 'finalise_swap', step: 'finalise_swap' }, async (step) => {
        step.progress('looking for a moment without readers');
        const { statementTimeoutMs } = deps.config;
        const started = Date.now();
        const attempt = await attemptSwap(step.db, release, { roundMs: ROUND_MS, statementTimeoutMs });
        if (attempt.outcome === 'blocked') {
          await step.event('swap_blocked', { blockers: attempt.blockers });
          return attempt;
        }
        await step.event('swap_completed', { ...attempt });
        if (attempt.outcome === 'swapped') {
          await step.event('previous_release_backup_recorded', { stamp: attempt.stamp });
          await step.event('release_made_current', {});
        }
        await phaseCompleted(step, (Date.now() - started) / 1000);
        return attempt;
      });
    },
  };
}
