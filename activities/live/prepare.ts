import { tables } from '../../catalog/index.ts';
import { indexStagingViews } from '../portal/materialized_views.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, sqlstateOf } from '../postgres/errors.ts';
import { ident, literal, stagingName } from '../postgres/identifiers.ts';
import { sequencesOf } from '../postgres/introspection.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { retarget } from '../postgres/retarget.ts';
import { addForeignKeys, addIndexes } from '../staging/indexes.ts';
import { type Followed, followLive } from '../staging/live_values.ts';
import { requireTables } from '../staging/validate.ts';
import { refused } from './attempt.ts';
import { runLeftFollowUps } from './follow_ups.ts';
import { dropLedger, withLedger } from './ledger.ts';
import type { PlanStatement, SwapSnapshot } from './model.ts';
import type { Prepared } from './promote.ts';

/** A rehearsal looks for its moment for as long as its operator says: 30 s by default. */
const REHEARSAL_LIMIT_MS = 30_000;

/**
 * Everything that can be done before the lock: indexes and keys that are left out still, sequences, grants, triggers and
 * all else that live has, twins of dependent materialized views, and a VACUUM (FREEZE, ANALYZE), so that the first
 * queries after the swap have good plans.
 *
 * @throws ReleaseError SwapRefused naming what cannot be carried, or what has changed
 */
export async function prepareStaging(
  db: Database,
  release: ReleaseRef,
  plan: (session: Session) => Promise<Prepared>,
  onStep: (step: string) => void,
): Promise<Followed> {
  await db.session(requireTables);
  const followed = await followLive(db, release, onStep);
  await addIndexes(db, (table) => onStep(`indexes of ${table}`));
  await addForeignKeys(db);
  await indexStagingViews(db);
  const { snapshot } = await complete(db, plan, onStep);
  await raiseSequences(db);
  await db.session(async (session) => {
    for (const { name } of snapshot.incoming) {
      onStep(`vacuum ${name}`);
      // VACUUM cannot run in a transaction, so the fence is asked just before.
      await db.assertFence(session);
      await session.query(`vacuum (freeze, analyze) public.${ident(name)}`);
    }
  });
  return followed;
}

/** What live's values that were taken over late still need: keys, and sequences above their ids. */
export async function settle(db: Database): Promise<void> {
  await addForeignKeys(db);
  await raiseSequences(db);
}

/**
 * Gives the incoming relations what they lack of live's properties, and makes sure that nothing is left to do and
 * nothing would break.
 */
export async function complete(
  db: Database,
  plan: (session: Session) => Promise<Prepared>,
  onStep: (step: string) => void,
): Promise<Prepared> {
  // Of a swap or rollback whose workflow was terminated after COMMIT.
  await runLeftFollowUps(db, onStep);
  // An attempt that was cut off left its twin of releases: it lacks the releases since, and would be taken for this one's.
  const dropped = await withLedger(db, REHEARSAL_LIMIT_MS, () => dropLedger(db));
  if ('busy' in dropped) {
    const pids = dropped.busy.map(({ pid, application }) => `pid ${pid} (${application})`).join(', ');
    throw new ReleaseError(
      'DatabaseBusy',
      `a swap is being rehearsed by ${pids}; this goes on when it has ended`,
      dropped,
    );
  }
  const first = await db.session(plan);
  if (first.plan.refusals.length > 0) throw refused(first.plan.refusals);
  await askChecks(db, first.snapshot);
  if (first.plan.before.length === 0) return first;
  return carry(db, first.plan.before, plan, onStep);
}

/**
 * All in one transaction, so that what is refused has changed nothing. Materialized views come first: they take long to fill, and
 * a foreign key holds up the writers of a table outside the release until the end.
 */
async function carry(
  db: Database,
  statements: readonly PlanStatement[],
  plan: (session: Session) => Promise<Prepared>,
  onStep: (step: string) => void,
): Promise<Prepared> {
  const isView = ({ sql }: PlanStatement) => sql.startsWith('create materialized view');
  return db.transaction(async (session) => {
    const run = async (wanted: readonly PlanStatement[]): Promise<Prepared> => {
      for (const { sql, reason } of [...wanted.filter(isView), ...wanted.filter((statement) => !isView(statement))]) {
        onStep(reason);
        await session.query(sql).catch((error: unknown) => Promise.reject(notCarried(error, reason, sql)));
      }
      return plan(session);
    };
    let prepared = await run(statements);
    // A new owner brings rights with it, and which of them live has not shows only then.
    if (prepared.plan.before.length > 0) prepared = await run(prepared.plan.before);
    const left = prepared.plan.before.map(({ reason, sql }) => `${reason} (${sql})`);
    if (left.length > 0) throw refused([`these properties of live could not be carried over: ${left.join('; ')}`]);
    return prepared;
  });
}

/** What PostgreSQL does not let us carry (a right that we lack, say) is named; trouble with the connection is not ours. */
function notCarried(error: unknown, reason: string, sql: string): unknown {
  const state = sqlstateOf(error);
  if (!state || !/^(42|0A|22|2B|55000|0L|0P)/.test(state)) return error;
  return refused([`${reason}: ${(error as Error).message} (${sql})`]);
}

/** Rows elsewhere that refer to what the incoming relations no longer have. */
async function askChecks(db: Database, snapshot: SwapSnapshot): Promise<void> {
  const names = new Map(snapshot.incoming.map((model) => [model.relation, model.name]));
  const faults = await db.session(async (session) => {
    const found: string[] = [];
    for (const { check } of snapshot.dependents) {
      if (!check) continue;
      const { rows } = await session.query<{ n: number; sample: string[] | null }>(retarget(check.sql, names));
      const [answer] = rows;
      if (answer && answer.n > 0)
        found.push(`${answer.n} ${check.message}, such as ${(answer.sample ?? []).join(', ')}`);
    }
    return found;
  });
  if (faults.length > 0) throw refused(faults);
}

/** setval is not transactional, so it is done here and not in the swap. */
async function raiseSequences(db: Database): Promise<void> {
  await db.transaction(async (session) => {
    for (const { name } of tables) {
      for (const { name: sequence, column } of await sequencesOf(session, stagingName(name))) {
        await session.query(
          `select setval(${literal(ident(sequence))}::regclass, greatest(highest, 1), highest > 0)
           from (select greatest(pp_release.highest_id(${literal(name)}, ${literal(column)}),
                                 coalesce((select max(${ident(column)}) from ${ident(stagingName(name))}), 0)) as highest) ids`,
        );
      }
    }
  });
}
