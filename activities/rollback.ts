import { activityInfo, cancellationSignal } from '@temporalio/activity';
import type { OperationName } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { limitsOf, type RoundRequest } from './finalise_swap.ts';
import { dropBackup, listBackups, retention } from './live/backups.ts';
import { proveDownloadsView } from './live/downloads.ts';
import { runFollowUps } from './live/follow_ups.ts';
import {
  attemptRollback as attempt,
  prepareRollback as prepare,
  type RollbackAttempt,
  rolledBack,
} from './live/rollback.ts';
import { adoptRelease, awaitLock } from './opening.ts';
import { Database } from './postgres/database.ts';
import { ReleaseError } from './postgres/errors.ts';
import { type ReleaseRef, recordEvent } from './postgres/releases.ts';
import { runStep, withHeartbeat } from './step.ts';

export interface RollbackRequest {
  stamp: string;
  discardStaging: boolean;
  /** The release whose data the backup holds, where `releases` does not say; null where it is no release's. */
  releaseId?: number | null | undefined;
  acceptShape?: boolean | undefined;
  /** Who asked for it. */
  by: string;
}

/** The rollback and the cleanup of backups: each under the release lock, for the release that is current. */
export function rollbackActivities(deps: ActivityDeps) {
  const step = <T>(release: ReleaseRef, name: string, work: Parameters<typeof runStep<T>>[3]) =>
    runStep(deps, release, { phase: 'finalise_swap', step: name, outlastsShutdown: name === 'rollback' }, work);
  return {
    /**
     * Waits until the keeper holds the lock, and names the release that is current.
     *
     * @throws ReleaseError RollbackRefused when no release is current
     */
    async acquireLockForCurrent(): Promise<{ release: ReleaseRef; lockTimeoutMs: number }> {
      const { workflowId, runId } = activityInfo().workflowExecution ?? { workflowId: '', runId: '' };
      const db = new Database(deps.pool, { applicationName: 'pp acquire', signal: cancellationSignal() });
      return withHeartbeat(async () => {
        await awaitLock(db, workflowId, runId);
        const release = await adoptRelease(db, { workflowId, runId });
        if (!release)
          throw new ReleaseError('RollbackRefused', 'no release is current, so there is nothing to roll back');
        return { release, lockTimeoutMs: deps.config.lockTimeoutMs };
      });
    },

    async prepareRollback(release: ReleaseRef, request: RollbackRequest): Promise<void> {
      await step(release, 'rollback prepare', async ({ db, progress, event }) => {
        await event('rollback_started', { ...request });
        void deps.notify(`Rollback to ${request.stamp} was started by ${request.by}`);
        await prepare(db, release, request, progress);
      });
    },

    async attemptRollback(release: ReleaseRef, request: RollbackRequest & RoundRequest): Promise<RollbackAttempt> {
      return step(release, 'rollback', async ({ db, progress, event }) => {
        progress('looking for a moment without readers');
        const result = await attempt(db, release, request, limitsOf(deps, request));
        if (result.outcome !== 'already rolled back' && result.ended.length > 0) {
          await event('blockers_ended', { asked_by: request.endBlockersFor, ended: result.ended });
        }
        await event(result.outcome === 'blocked' ? 'rollback_blocked' : 'rollback_completed', {
          ...result,
          by: request.by,
        });
        if (result.outcome !== 'blocked') void deps.notify(`Rollback to ${request.stamp} is done: that backup is live`);
        return result;
      });
    },

    async finishRollback(release: ReleaseRef): Promise<void> {
      await step(release, 'rollback finish', async ({ db, progress }) => {
        await runFollowUps(db, progress);
        await db.transaction(proveDownloadsView);
      });
    },

    /**
     * For a round that was cancelled, or whose worker is gone: was it committed all the same? Claims the step of the rounds, so
     * that none of them is on its way any more when it answers.
     */
    async findRollback(release: ReleaseRef, { stamp, by }: RollbackRequest): Promise<{ outcome: string } | null> {
      return step(release, 'rollback', async ({ db, event }) => {
        if (!(await rolledBack(db, release))) return null;
        await event('rollback_completed', {
          outcome: 'already rolled back',
          stamp,
          by,
          found_after: 'its round was cut off',
        });
        void deps.notify(`Rollback to ${stamp} is done: that backup is live`);
        return { outcome: 'already rolled back' };
      });
    },

    async noteOperationFailed(
      release: ReleaseRef,
      operation: OperationName,
      failure: { type: string; message: string },
    ): Promise<void> {
      const event = `${operation}_failed`;
      await step(release, event, (claimed) => claimed.event(event, failure));
      const isAborted = failure.type === 'Aborted';
      void deps.notify(isAborted ? failure.message : `The ${operation} failed: ${failure.message}`);
      deps.log('error', event, { label: release.label, error_class: failure.type, error_message: failure.message });
    },

    /** Drops the backups that are not kept (`retention`), each in a transaction of its own. */
    async cleanBackups(
      release: ReleaseRef,
      request: { keep: number; allowNone?: boolean | undefined; oldSystem?: boolean | undefined; by: string },
    ): Promise<{ kept: string[]; dropped: string[] }> {
      return step(release, 'clean backups', async ({ db, progress }) => {
        const { kept, dropped } = retention(await db.session(listBackups), request.keep, request);
        for (const stamp of dropped) {
          progress(`dropping backup ${stamp}`);
          await db.transaction(async (session) => {
            await dropBackup(session, stamp);
            await recordEvent(session, release.releaseId, 'backup_dropped', { stamp, by: request.by });
          });
        }
        if (dropped.length > 0) void deps.notify(`Backups ${dropped.join(', ')} were dropped by ${request.by}`);
        return { kept, dropped };
      });
    },
  };
}
