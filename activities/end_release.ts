import { cancellationSignal } from '@temporalio/activity';
import type { Phase } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { discardStaging, dropLeftStaging } from './discard_staging.ts';
import { Database } from './postgres/database.ts';
import { type ReleaseRef, recordEvent, setState } from './postgres/releases.ts';
import { runStep, withHeartbeat } from './step.ts';

export interface FailureReport {
  phase: Phase;
  type: string;
  message: string;
}

/** How a release ends otherwise than by success. Each runs with the lock still held. */
export function endActivities(deps: ActivityDeps) {
  return {
    /** Staging is kept: it is what a resume needs. */
    async markFailed(release: ReleaseRef, failure: FailureReport): Promise<void> {
      await runStep(deps, release, { phase: failure.phase, step: 'mark failed' }, async (step) => {
        await step.db.transaction(async (session) => {
          await setState(session, release.releaseId, 'failed', `${failure.type}: ${failure.message}`);
          await recordEvent(session, release.releaseId, 'exception', { ...failure });
        });
        deps.log('error', 'exception', {
          phase: failure.phase,
          release_id: release.releaseId,
          label: release.label,
          error_class: failure.type,
          error_message: failure.message,
        });
        await deps.notify(`Release ${release.label} failed in ${failure.phase}: ${failure.type}: ${failure.message}`);
      });
    },

    /**
     * An abort leaves nothing of the release behind but its row and its events. The lock is not held for the sake of a
     * staging table that somebody else has locked: what cannot be dropped now belongs to nobody, and dropLeftStaging
     * waits for it.
     */
    async markAborted(release: ReleaseRef, phase: Phase): Promise<{ left?: string[] | undefined }> {
      return runStep(deps, release, { phase, step: 'mark aborted' }, async (step) => {
        await step.db.transaction(async (session) => {
          await setState(session, release.releaseId, 'aborted');
          await recordEvent(session, release.releaseId, 'aborted', { phase });
          await session.query('delete from pp_release.import_marks where release_id = $1', [release.releaseId]);
          await session.query('delete from pp_release.staging');
        });
        const facts = { phase, release_id: release.releaseId, label: release.label };
        deps.log('info', 'aborted', facts);
        // What hangs on a frozen worker has locks on staging.
        await step.endOtherAttempts();
        const left = await discardStaging(step.db);
        await step.event(left ? 'staging_left' : 'staging_dropped', { ...left });
        return { left: left?.onlyLocked ? left.oids : undefined };
      });
    },

    /** Waits until nobody locks the staging that an abort had to leave, and drops it; without the release lock. */
    async dropLeftStaging({ releaseId, label }: ReleaseRef, oids: string[]): Promise<{ dropped: boolean }> {
      const db = new Database(deps.pool, { applicationName: `pp left staging ${label}`, signal: cancellationSignal() });
      return withHeartbeat(async (progress) => {
        progress('waiting for whoever locks staging');
        const dropped = await dropLeftStaging(db, oids, (session) =>
          recordEvent(session, releaseId, 'staging_dropped', { after: 'waiting for its locks' }),
        );
        deps.log('info', dropped ? 'staging_dropped' : 'staging_is_wanted', { release_id: releaseId, label });
        return { dropped };
      });
    },

    async noteDryRun(release: ReleaseRef): Promise<void> {
      await runStep(deps, release, { phase: 'validate_and_manifest', step: 'note dry run' }, (step) =>
        step.event('dry_run_stopped_after_validate_and_manifest', {}),
      );
    },
  };
}
