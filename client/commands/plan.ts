import { type AttemptLimits, attemptPlan, makeReady } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { planDemote, requireBackup, requireReleaseOf } from '../../activities/live/demote.ts';
import { type Foresight, foresee } from '../../activities/live/foresee.ts';
import { dropLedger, withLedger } from '../../activities/live/ledger.ts';
import type { PlanStatement } from '../../activities/live/model.ts';
import type { SwapPlan } from '../../activities/live/plan.ts';
import { type Prepared, planPromote } from '../../activities/live/promote.ts';
import type { Database, Session } from '../../activities/postgres/database.ts';
import { ReleaseError, someOf } from '../../activities/postgres/errors.ts';
import { stagingHolder } from '../../activities/staging/holder.ts';
import { databaseUrl, readEnvironment, readSetting } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import { whole } from '../kinds.ts';
import type { Output } from '../output.ts';

export interface PlanOptions {
  /** Stamp of a backup: the plan of that rollback instead of the swap of staging. */
  rollback?: string;
  releaseId?: number | null;
  acceptShape?: boolean;
}

export interface RehearseOptions extends PlanOptions {
  /** ms */
  budget?: number;
}

/** Prints what a swap (or a rollback) would do, each statement with its reason. Reads the catalogs only. */
export async function plan(options: PlanOptions, output: Output): Promise<void> {
  const made = await withDatabase(databaseUrl(readEnvironment()), (db) =>
    db.session(async (session) => {
      if (options.rollback === undefined && !(await stagingHolder(session))) return foresee(session, options);
      return (await prepare(session, options)).plan;
    }),
  );
  if ('obstacles' in made) return planWithoutStaging(made, output);
  output.result(made, render(made));
  if (made.refusals.length > 0) throw new CommandError(EXIT.refused, `this would be refused: ${someOf(made.refusals)}`);
}

/** There is no staging whose swap could be planned: what would refuse a release, and what it would carry over. */
function planWithoutStaging({ obstacles, changes }: Foresight, output: Output): void {
  output.result(
    { staging: null, obstacles, changes },
    [
      'there is no staging yet, so this is what a release of today would meet:',
      ...obstacles.map(({ group, text }) => `  refused (${group}): ${text}`),
      ...changes.map((change) => `  ${change}`),
      ...(obstacles.length + changes.length === 0 ? ['  nothing that is in its way'] : []),
    ].join('\n'),
  );
  if (obstacles.length > 0)
    throw new CommandError(EXIT.refused, `a release would be refused: ${someOf(obstacles.map(({ text }) => text))}`, {
      obstacles,
    });
}

/** Runs the plan on the real database, as politely as the swap, and undoes it: readers may feel it for a moment. */
export async function rehearse(options: RehearseOptions, output: Output): Promise<void> {
  const roundMs = options.budget ?? 30_000;
  const environment = readEnvironment();
  const faults: string[] = [];
  const milliseconds = whole('a whole number of milliseconds above 0', 1);
  const statementTimeoutMs =
    (await readSetting(environment, 'PP_STATEMENT_TIMEOUT_MS', milliseconds, faults)) ?? 300_000;
  if (faults.length > 0) throw new CommandError(EXIT.usage, faults.join('; '), { faults });
  const result = await withDatabase(databaseUrl(environment), (db) =>
    rehearseOn(db, options, { roundMs, statementTimeoutMs }).catch((error: unknown) =>
      Promise.reject(toCommandError(error)),
    ),
  );
  if (result.outcome === 'blocked') {
    const names = result.blockers.map(
      ({ pid, role, application, relation }) =>
        `pid ${pid} (role ${role}, application ${application || 'unnamed'}) on ${relation}`,
    );
    throw new CommandError(
      EXIT.refused,
      `no moment without readers within ${roundMs} ms; in the way: ${names.join('; ') || 'short readers'}`,
      { ...result },
    );
  }
  output.result(
    result,
    `rehearsed and undone: ${result.statements} statements, the locks were held for ${result.lockWindowMs} ms (try ${result.tries})`,
  );
}

/** A swap that is on its way has made a twin of releases already: it is not to be disturbed. */
async function rehearseOn(db: Database, options: PlanOptions, limits: AttemptLimits) {
  const rehearsed = await withLedger(db, BUSY_LIMIT_MS, async () => {
    const { snapshot, plan: made } = await makeReady(db, (session) => prepare(session, options));
    try {
      const attempt = await db.session((session) => attemptPlan(db, session, snapshot, made, limits, 'rollback'));
      return { ...attempt, statements: made.inside.length };
    } finally {
      await dropLedger(db);
    }
  });
  if ('done' in rehearsed) return rehearsed.done;
  const names = rehearsed.busy.map(({ pid, application }) => `pid ${pid} (${application})`).join(', ');
  throw new CommandError(
    EXIT.refused,
    `a swap, a rollback or another rehearsal is on its way: ${names || 'it has just ended'}; rehearse when it is over`,
    rehearsed,
  );
}

/** How long a rehearsal waits for another one to end. */
const BUSY_LIMIT_MS = 1_000;

function toCommandError(error: unknown): unknown {
  if (!(error instanceof ReleaseError)) return error;
  return new CommandError(error.type === 'BadInput' ? EXIT.usage : EXIT.refused, error.message, error.facts, {
    cause: error,
  });
}

async function prepare(session: Session, options: PlanOptions): Promise<Prepared> {
  if (options.rollback === undefined) {
    const holder = await stagingHolder(session);
    if (!holder)
      throw new CommandError(
        EXIT.refused,
        'there is no staging, so there is nothing to swap; start a release in mode dry-run first',
      );
    return planPromote(session, holder.releaseId, await freeStamp(session));
  }
  const choice = { stamp: options.rollback, releaseId: options.releaseId, acceptShape: options.acceptShape };
  try {
    await requireBackup(session, options.rollback);
    await requireReleaseOf(session, choice);
  } catch (error) {
    throw toCommandError(error);
  }
  const { rows } = await session.query<{ id: number }>('select id::int from releases where is_current');
  if (!rows[0]) throw new CommandError(EXIT.refused, 'no release is current, so there is nothing to roll back');
  return planDemote(session, choice, rows[0].id);
}

function render(made: SwapPlan): string {
  const section = (title: string, statements: PlanStatement[]) => [
    `-- ${title}: ${statements.length} statements`,
    ...statements.flatMap(({ sql, reason }) => [`-- ${reason}`, `${sql.trim()};`]),
    '',
  ];
  return [
    ...section('before the lock', made.before),
    ...section('just before an attempt', made.ledger),
    ...section('in the same transaction, before the lock', made.discard),
    ...section('under a lock against writers, in the same transaction', made.guards.statements),
    `-- locked: ${made.locks.join(', ')}`,
    ...section('under the lock, in one transaction', made.inside),
    ...section('after COMMIT', made.after),
    ...(made.changes.length > 0 ? ['-- changes:', ...made.changes.map((change) => `--   ${change}`)] : []),
    ...(made.refusals.length > 0 ? ['-- refused:', ...made.refusals.map((refusal) => `--   ${refusal}`)] : []),
  ].join('\n');
}
