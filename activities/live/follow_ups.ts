import type { Database } from '../postgres/database.ts';
import { SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { literal } from '../postgres/identifiers.ts';
import type { PlanStatement } from './model.ts';

/** Writes the follow-ups down; part of the swap's own transaction. */
export function keepFollowUps(statements: readonly PlanStatement[]): string[] {
  return statements.map(
    ({ sql, reason }) =>
      `insert into pp_release.follow_ups (statement, reason) select ${literal(sql)}, ${literal(reason)}
       where not exists (select from pp_release.follow_ups where statement = ${literal(sql)})`,
  );
}

/**
 * Does what follows the last COMMIT and is not done yet: foreign keys of other tables are validated, and materialized
 * views that read released relations through a view are refreshed. Each in a transaction of its own; one that fails stays
 * to be done, and holds up no other.
 *
 * @returns how many were done
 * @throws what PostgreSQL says of the first that failed, at the end
 */
export async function runFollowUps(db: Database, onStep: (reason: string) => void): Promise<number> {
  const { done, failures } = await runAll(db, onStep);
  if (failures.length > 0) throw failures[0];
  return done;
}

/**
 * The same for what an earlier swap or rollback has left, before the next one: a materialized view that fails on the new
 * data must not stand in the way of the rollback that mends it.
 */
export async function runLeftFollowUps(db: Database, onStep: (reason: string) => void): Promise<void> {
  await runAll(db, onStep);
}

async function runAll(db: Database, onStep: (reason: string) => void): Promise<{ done: number; failures: unknown[] }> {
  const followUps = await db.query<FollowUp>('select id, statement, reason from pp_release.follow_ups order by id');
  const failures: unknown[] = [];
  for (const followUp of followUps) {
    onStep(followUp.reason);
    try {
      await runOne(db, followUp);
    } catch (error) {
      const state = sqlstateOf(error);
      // Without an SQLSTATE it is an abort, or the connection; 57, 08 and our own say that of the whole step, too.
      if (state === undefined || /^(57|08|PP)/.test(state)) throw error;
      onStep(`${followUp.reason}: it stays to be done, since ${(error as Error).message}`);
      failures.push(error);
    }
  }
  return { done: followUps.length - failures.length, failures };
}

interface FollowUp {
  id: string;
  statement: string;
  reason: string;
}

async function runOne(db: Database, { id, statement }: FollowUp): Promise<void> {
  const forget = 'delete from pp_release.follow_ups where id = $1';
  try {
    await db.transaction(async (session) => {
      await session.query(statement);
      await session.query(forget, [id]);
    });
  } catch (error) {
    if (!isGone(error)) throw error;
    await db.transaction((session) => session.query(forget, [id]));
  }
}

/** Somebody has dropped since what was to be validated or refreshed. */
function isGone(error: unknown): boolean {
  const state = sqlstateOf(error);
  return state !== undefined && GONE.has(state);
}

const GONE: ReadonlySet<string> = new Set([
  SQLSTATE.undefinedTable,
  SQLSTATE.undefinedObject,
  SQLSTATE.undefinedSchema,
]);
