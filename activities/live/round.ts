import type { Database, Session } from '../postgres/database.ts';
import { type Attempt, type AttemptLimits, attemptPlan, LiveChangedError, makeReady } from './attempt.ts';
import { dropLedger, LedgerChangedError, withLedger } from './ledger.ts';
import type { SwapSnapshot } from './model.ts';
import type { Prepared } from './promote.ts';
import { proveLive } from './prove.ts';

export type Round =
  | (Extract<Attempt, { outcome: 'done' }> & { statements: number })
  | Extract<Attempt, { outcome: 'blocked' }>;

/**
 * One round of a swap or a rollback: the twin of releases, the plan anew, one transaction, and proof that it did what it
 * should. A rehearsal that is at it, and a row of releases that was written meanwhile, are in its way like readers.
 *
 * @param unfinished what it means that incoming still lacks properties of live
 */
export async function attemptRound(
  db: Database,
  plan: (session: Session) => Promise<Prepared>,
  limits: AttemptLimits,
  unfinished: string,
): Promise<Round> {
  const blocked = { outcome: 'blocked' as const, blockers: [], tries: 0, ended: [] };
  const round = await withLedger(db, limits.roundMs, async () => {
    try {
      const ready = await makeReady(db, plan, unfinished);
      const attempt = await db.session((session) => attemptPlan(db, session, ready.snapshot, ready.plan, limits));
      if (attempt.outcome === 'done') return proved(db, ready, attempt);
      await dropLedger(db);
      return attempt;
    } catch (error) {
      if (!(error instanceof LedgerChangedError || error instanceof LiveChangedError)) throw error;
      return blocked;
    }
  });
  return 'busy' in round ? { ...blocked, blockers: round.busy } : round.done;
}

async function proved(
  db: Database,
  ready: { snapshot: SwapSnapshot; plan: Prepared['plan'] },
  attempt: Extract<Attempt, { outcome: 'done' }>,
): Promise<Round> {
  await proveLive(db, ready.snapshot);
  return { ...attempt, statements: ready.plan.inside.length };
}
