import { cancellationSignal } from '@temporalio/activity';
import {
  describeStagingLeft,
  describeUnfinished,
  type Phase,
  type ReleaseState,
  type StagingLeft,
} from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { discardStaging, dropLeftStaging, type LeftStaging } from './discard_staging.ts';
import { Database, type Session } from './postgres/database.ts';
import { findRelease, type ReleaseRef, recordEvent, setState } from './postgres/releases.ts';
import { stagingHolder } from './staging/holder.ts';
import { readManifest } from './staging/manifest.ts';
import { runStep, withHeartbeat } from './step.ts';

export interface FailureReport {
  phase: Phase;
  type: string;
  message: string;
}

export interface AbortOutcome {
  /** State of a release that is live already. */
  live?: ReleaseState;
  /** OIDs of the staging that somebody locks. */
  left?: string[] | undefined;
  /** What could not be dropped, and why: for whoever asked for the abort. */
  remains?: StagingLeft | undefined;
}

/**
 * A run of a release that is live already (a reset, a resume) may be stopped before it knows: then live is not to be called
 * aborted. Where it was not finished, it says so.
 */
async function keptLive(session: Session, release: ReleaseRef, phase: Phase): Promise<ReleaseState | undefined> {
  const row = await findRelease(session, { id: release.releaseId });
  if (!row?.is_current) return undefined;
  await recordEvent(session, release.releaseId, 'abort_refused', { phase, reason: 'the release is live' });
  if (row.state === 'succeeded') return row.state;
  const text = `Aborted: ${describeUnfinished(release.label, `it was aborted in ${phase}`)}`;
  await setState(session, release.releaseId, 'failed', text);
  return 'failed';
}

/** History keeps it, so it is short; the event has all of it. */
const REASON_LENGTH = 500;

function remainsOf({ relations, reasons, blockers, onlyLocked }: LeftStaging): StagingLeft {
  const lockers = blockers.filter(({ relation }) => relations.includes(relation));
  const lockedBy = lockers.map(
    ({ pid, role, application }) => `pid ${pid} (role ${role}, ${application || 'no application'})`,
  );
  const short = reasons.map((reason) =>
    reason.length > REASON_LENGTH ? `${reason.slice(0, REASON_LENGTH)}…` : reason,
  );
  return { relations, reasons: short, lockedBy: lockedBy.slice(0, 5), onlyLocked };
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
        void deps.notify(`Release ${release.label} failed in ${failure.phase}: ${failure.type}: ${failure.message}`);
      });
    },

    /**
     * An abort leaves nothing of the release behind but its row and its events. The lock is not held for the sake of a
     * staging table that somebody else has locked: what cannot be dropped now belongs to nobody, and dropLeftStaging
     * waits for it. What a parked or failed release keeps in staging stays: it is not this one's.
     *
     * @returns `live` with the state, where the release is live already and nothing was aborted
     */
    async markAborted(release: ReleaseRef, phase: Phase): Promise<AbortOutcome> {
      return runStep(deps, release, { phase, step: 'mark aborted' }, async (step) => {
        // What hangs on a frozen worker has locks on staging; and a COMMIT of its would come too late from here on.
        await step.endOtherAttempts();
        const facts = { phase, release_id: release.releaseId, label: release.label };
        const live = await step.db.transaction((session) => keptLive(session, release, phase));
        if (live) {
          deps.log('warn', 'abort_refused', facts);
          return { live };
        }
        const holder = await step.db.transaction(async (session) => {
          await setState(session, release.releaseId, 'aborted');
          await recordEvent(session, release.releaseId, 'aborted', { phase });
          await session.query('delete from pp_release.import_marks where release_id = $1', [release.releaseId]);
          await session.query('delete from pp_release.staging where release_id = $1', [release.releaseId]);
          return stagingHolder(session);
        });
        deps.log('info', 'aborted', facts);
        const told = `Release ${release.label} was aborted in ${phase}`;
        if (holder) {
          void deps.notify(told);
          await step.event('staging_kept', { release: holder.releaseId, label: holder.label });
          return {};
        }
        const left = await discardStaging(step.db);
        const remains = left && remainsOf(left);
        void deps.notify(remains ? `${told}; ${describeStagingLeft(remains)}` : told);
        await step.event(left ? 'staging_left' : 'staging_dropped', { ...left });
        return { left: left?.onlyLocked ? left.oids : undefined, remains };
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

    /** @returns the state that the release rests in: `validating` where staging is this release's, with its manifest */
    async noteDryRun(release: ReleaseRef): Promise<ReleaseState> {
      return runStep(deps, release, { phase: 'validate_and_manifest', step: 'note dry run' }, async (step) => {
        const { state, manifest } = await step.db.transaction(async (session) => {
          const row = await findRelease(session, { id: release.releaseId });
          const holder = await stagingHolder(session);
          const rests = holder?.releaseId === release.releaseId && !row?.is_current;
          const manifest = rests ? await readManifest(session, release.releaseId) : undefined;
          if (manifest) await setState(session, release.releaseId, 'validating');
          return { state: manifest ? 'validating' : (row?.state ?? 'started'), manifest };
        });
        await step.event('dry_run_stopped_after_validate_and_manifest', {});
        if (manifest) {
          const goOn = `make it live with \`pp-release start ${release.label} --start-at finalise_swap\``;
          const next = manifest.sample === undefined ? goOn : 'it is a sample, which is not published';
          void deps.notify(`Release ${release.label} was a dry run: staging and manifest stay; ${next}`);
        }
        return state;
      });
    },
  };
}
