import type { Blocker } from '../../contracts/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { findRelease, type ReleaseRef } from '../postgres/releases.ts';
import { type AttemptLimits, attemptPlan, makeReady, refused } from './attempt.ts';
import { freeStamp } from './backups.ts';
import { dropLedger } from './ledger.ts';
import type { SwapSnapshot } from './model.ts';
import { planPromote } from './promote.ts';

export type SwapAttempt =
  | {
      outcome: 'swapped';
      stamp: string;
      statements: number;
      lockWindowMs: number;
      tries: number;
      ended: Blocker[];
    }
  | { outcome: 'already swapped'; stamp: string | null }
  | { outcome: 'blocked'; blockers: Blocker[]; ended: Blocker[] };

/**
 * One round of the swap: staging becomes live, live becomes a backup, `releases` says so, all in one transaction.
 *
 * @returns what happened, truthfully: swapped, swapped before, or who stood in the way
 * @throws ReleaseError SwapRefused, and whatever PostgreSQL says; then nothing has changed
 */
export async function attemptSwap(db: Database, release: ReleaseRef, limits: AttemptLimits): Promise<SwapAttempt> {
  const before = await findSwap(db, release);
  if (before) return before;
  const stamp = await db.session(freeStamp);
  const plan = (session: Session) => planPromote(session, release.releaseId, stamp);
  const ready = await makeReady(db, plan, 'live changed since staging was prepared');
  const attempt = await db.session((session) => attemptPlan(db, session, ready.snapshot, ready.plan, limits));
  if (attempt.outcome === 'blocked') {
    await dropLedger(db);
    return { outcome: 'blocked', blockers: attempt.blockers, ended: attempt.ended };
  }
  await proveLive(db, ready.snapshot);
  const { lockWindowMs, tries, ended } = attempt;
  return { outcome: 'swapped', stamp, statements: ready.plan.inside.length, lockWindowMs, tries, ended };
}

/** The swap of a release that is live already. */
export async function findSwap(
  db: Database,
  release: ReleaseRef,
): Promise<{ outcome: 'already swapped'; stamp: string | null } | undefined> {
  const row = await db.session((session) => findRelease(session, { id: release.releaseId }));
  return row?.is_current ? { outcome: 'already swapped', stamp: await db.session(stampOfPrevious) } : undefined;
}

/** Looks from a fresh connection whether the live names now belong to what was incoming. */
export async function proveLive(db: Database, before: SwapSnapshot): Promise<void> {
  const wrong = await db.query<{ name: string }>(
    `select name from unnest($1::text[], $2::oid[]) wanted (name, oid)
     where not exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = wanted.name and c.oid = wanted.oid)`,
    [before.incoming.map(({ relation }) => relation), before.incoming.map(({ oid }) => oid)],
  );
  if (wrong.length === 0) return;
  throw refused([`PostgreSQL answered COMMIT but ${wrong.map(({ name }) => name).join(', ')} did not become live`]);
}

async function stampOfPrevious(session: Session): Promise<string | null> {
  const { rows } = await session.query<{ stamp: string | null }>(
    'select max(stamp) as stamp from pp_release.backup_names',
  );
  return rows[0]?.stamp ?? null;
}
