import type { Blocker } from '../../contracts/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { findRelease, type ReleaseRef } from '../postgres/releases.ts';
import { stagingHolder } from '../staging/holder.ts';
import type { AttemptLimits } from './attempt.ts';
import { type BackupChoice, planDemote, requireBackup, requireReleaseOf } from './demote.ts';
import { complete } from './prepare.ts';
import { attemptRound } from './round.ts';

export type RollbackAttempt =
  | { outcome: 'rolled back'; stamp: string; lockWindowMs: number; tries: number; ended: Blocker[] }
  | { outcome: 'already rolled back'; stamp: string }
  | { outcome: 'blocked'; blockers: Blocker[]; ended: Blocker[] };

export interface RollbackOptions extends BackupChoice {
  discardStaging: boolean;
}

/**
 * Checks that the backup can be rolled back to, and gives it what live has got since. What staging holds is dropped by the
 * rollback's own transaction, so that one which is refused has dropped nothing.
 *
 * @throws ReleaseError BadInput, RollbackRefused, SwapRefused; then nothing readers see has changed
 */
export async function prepareRollback(
  db: Database,
  release: ReleaseRef,
  options: RollbackOptions,
  onStep: (step: string) => void,
): Promise<void> {
  if (await rolledBack(db, release)) return;
  await db.session((session) => requireBackup(session, options.stamp));
  await db.session((session) => requireFreeStaging(session, options.discardStaging));
  await db.session((session) => requireReleaseOf(session, options));
  await complete(db, (session) => planDemote(session, options, release.releaseId), onStep);
}

/** What a dry run or a failed release keeps in staging is somebody's work: it goes only when told so. */
async function requireFreeStaging(session: Session, discard: boolean): Promise<void> {
  const holder = await stagingHolder(session);
  if (!holder || discard) return;
  const message = `staging holds release ${holder.releaseId} (${holder.label}, ${holder.state}), and a rollback makes the live tables staging; finish or abort that release, or say --discard-staging`;
  throw new ReleaseError('RollbackRefused', message, { holder });
}

/** True once the release is not live any more because it was rolled back. */
export async function rolledBack(db: Database, release: ReleaseRef): Promise<boolean> {
  const row = await db.session((session) => findRelease(session, { id: release.releaseId }));
  return row?.state === 'rolled_back' && !row.is_current;
}

/**
 * One round of the rollback: the backup becomes live, live becomes staging, `releases` says so, all in one transaction.
 */
export async function attemptRollback(
  db: Database,
  release: ReleaseRef,
  options: RollbackOptions,
  limits: AttemptLimits,
): Promise<RollbackAttempt> {
  const { stamp, discardStaging } = options;
  if (await rolledBack(db, release)) return { outcome: 'already rolled back', stamp };
  await db.session((session) => requireBackup(session, stamp));
  await db.session((session) => requireFreeStaging(session, discardStaging));
  await db.session((session) => requireReleaseOf(session, options));
  const plan = (session: Session) => planDemote(session, options, release.releaseId);
  const round = await attemptRound(db, plan, limits, 'live changed since the backup was prepared');
  if (round.outcome === 'blocked') return { outcome: 'blocked', blockers: round.blockers, ended: round.ended };
  const { lockWindowMs, tries, ended } = round;
  return { outcome: 'rolled back', stamp, lockWindowMs, tries, ended };
}
