import type { Blocker } from '../../contracts/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { findRelease, type ReleaseRef } from '../postgres/releases.ts';
import { followLive } from '../staging/live_values.ts';
import type { AttemptLimits } from './attempt.ts';
import { freeStamp } from './backups.ts';
import { settle } from './prepare.ts';
import { planPromote } from './promote.ts';
import { attemptRound } from './round.ts';

export type SwapAttempt =
  | {
      outcome: 'swapped';
      stamp: string;
      statements: number;
      lockWindowMs: number;
      tries: number;
      ended: Blocker[];
      /** Rows by staging table that have taken a later value of live just before. */
      followed: Record<string, number>;
    }
  | { outcome: 'already swapped'; stamp: string | null }
  | { outcome: 'blocked'; blockers: Blocker[]; ended: Blocker[] };

/**
 * One round of the swap: staging becomes live, live becomes a backup, `releases` says so, all in one transaction.
 *
 * @returns what happened, truthfully: swapped, swapped before, or who stood in the way
 * @throws ReleaseError SwapRefused, and whatever PostgreSQL says; then nothing has changed
 */
export async function attemptSwap(
  db: Database,
  release: ReleaseRef,
  limits: AttemptLimits,
  onStep: (step: string) => void = () => undefined,
): Promise<SwapAttempt> {
  const before = await findSwap(db, release);
  if (before) return before;
  const followed = await followLive(db, release, onStep);
  if (Object.keys(followed.rows).length > 0) await settle(db);
  const stamp = await db.session(freeStamp);
  const plan = (session: Session) => planPromote(session, release.releaseId, stamp);
  const round = await attemptRound(db, plan, limits, 'live changed since staging was prepared');
  if (round.outcome === 'blocked') return { outcome: 'blocked', blockers: round.blockers, ended: round.ended };
  const { statements, lockWindowMs, tries, ended } = round;
  return { outcome: 'swapped', stamp, statements, lockWindowMs, tries, ended, followed: followed.rows };
}

/** The swap of a release that is live already. */
export async function findSwap(
  db: Database,
  release: ReleaseRef,
): Promise<{ outcome: 'already swapped'; stamp: string | null } | undefined> {
  const row = await db.session((session) => findRelease(session, { id: release.releaseId }));
  return row?.is_current ? { outcome: 'already swapped', stamp: await db.session(stampOfPrevious) } : undefined;
}

async function stampOfPrevious(session: Session): Promise<string | null> {
  const { rows } = await session.query<{ stamp: string | null }>(
    'select max(stamp) as stamp from pp_release.backup_names',
  );
  return rows[0]?.stamp ?? null;
}
