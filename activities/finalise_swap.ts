import { ALREADY_SWAPPED } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import type { AttemptLimits } from './live/attempt.ts';
import { freeStamp } from './live/backups.ts';
import { runFollowUps } from './live/follow_ups.ts';
import { prepareStaging } from './live/prepare.ts';
import { planPromote } from './live/promote.ts';
import { attemptSwap, findSwap, type SwapAttempt } from './live/swap.ts';
import { type ReleaseRef, wasLive } from './postgres/releases.ts';
import { acceptShape, requireStagingOf } from './staging/holder.ts';
import { writesSinceBuild } from './staging/live_writes.ts';
import { requireUnchanged } from './staging/manifest.ts';
import { requireMarks } from './staging/validate.ts';
import { alreadySwapped, phaseCompleted, runStep, type StepName } from './step.ts';

export interface SwapRequest {
  importers: readonly string[];
  acceptShape?: boolean | undefined;
}

export interface RoundRequest {
  /** Last resort: waits in the lock's queue for moments, instead of only looking for a gap. */
  patient: boolean;
  /** Who asked for sessions in the way to be ended, if anybody did. */
  endBlockersFor?: string | undefined;
}

/** How long one round lasts; between two rounds the workflow shows the blockers and hears an abort. */
const ROUND_MS = 2_000;
/** Bounded wait for a lock: as long as readers may stall behind it. */
const PATIENCE_MS = 100;

export function limitsOf({ config }: ActivityDeps, request: RoundRequest): AttemptLimits {
  return {
    roundMs: Math.min(ROUND_MS, config.lockTimeoutMs),
    statementTimeoutMs: config.statementTimeoutMs,
    patienceMs: request.patient ? PATIENCE_MS : undefined,
    endBlockersOf: request.endBlockersFor === undefined ? undefined : config.endBlockerRoles,
  };
}

/** Phase 8: prepares staging outside any lock, then changes everything in one transaction. */
export function swapActivities(deps: ActivityDeps) {
  return {
    async prepareSwap(release: ReleaseRef, request: SwapRequest): Promise<{ skipped?: string }> {
      return runStep(deps, release, { phase: 'finalise_swap', step: 'finalise_swap prepare' }, async (step) => {
        await step.event('phase_started', {});
        if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
        if (request.acceptShape) await acceptShape(step.db, release);
        await step.db.session(async (session) => {
          await requireStagingOf(session, release);
          // A release that was live already and was rolled back is complete: its marks were cleared when it succeeded.
          if (!(await wasLive(session, release.releaseId))) await requireMarks(session, release, request.importers);
        });
        step.progress('comparing staging with the manifest');
        await requireUnchanged(step.db, release);
        const plan = async (session: Parameters<typeof freeStamp>[0]) =>
          planPromote(session, release.releaseId, await freeStamp(session));
        const { rows } = await prepareStaging(step.db, release, plan, step.progress);
        if (Object.keys(rows).length > 0) await step.event('live_followed', { rows });
        const written = await step.db.session(writesSinceBuild);
        if (Object.keys(written).length > 0) await step.event('live_written', { rows: written });
        return {};
      });
    },

    /** One round. Answers what happened; a retry after a lost answer says `already swapped`. */
    async attemptSwap(release: ReleaseRef, request: RoundRequest): Promise<SwapAttempt> {
      const name: StepName = { phase: 'finalise_swap', step: 'finalise_swap', outlastsShutdown: true };
      return runStep(deps, release, name, async (step) => {
        step.progress('looking for a moment without readers');
        const attempt = await attemptSwap(step.db, release, limitsOf(deps, request), step.progress);
        if (attempt.outcome !== 'already swapped' && attempt.ended.length > 0) {
          await step.event('blockers_ended', { asked_by: request.endBlockersFor, ended: attempt.ended });
        }
        if (attempt.outcome === 'blocked') {
          await step.event('swap_blocked', { blockers: attempt.blockers });
          return attempt;
        }
        await step.event('swap_completed', { ...attempt });
        if (attempt.outcome === 'swapped') {
          await step.event('previous_release_backup_recorded', { stamp: attempt.stamp });
          await step.event('release_made_current', {});
        }
        return attempt;
      });
    },

    /**
     * For a round that was cancelled, or whose worker is gone: was it committed all the same? Claims the step of the rounds, so that none of them is
     * on its way any more when it answers.
     */
    async findSwap(release: ReleaseRef): Promise<{ outcome: 'already swapped'; stamp: string | null } | null> {
      return runStep(deps, release, { phase: 'finalise_swap', step: 'finalise_swap' }, async (step) => {
        const found = await findSwap(step.db, release);
        if (found) await step.event('swap_completed', { ...found, found_after: 'its round was cut off' });
        return found ?? null;
      });
    },

    /** What follows COMMIT outside the lock. */
    async finishSwap(release: ReleaseRef, request: { seconds: number }): Promise<{ followUps: number }> {
      return runStep(deps, release, { phase: 'finalise_swap', step: 'finalise_swap finish' }, async (step) => {
        const followUps = await runFollowUps(step.db, step.progress);
        await phaseCompleted(deps, release, step, 'finalise_swap', { seconds: request.seconds });
        return { followUps };
      });
    },
  };
}
