import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { portal } from '../catalog/index.ts';
import type { ProbePart, ProbeResult } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { trySwap } from './live/trial.ts';
import { Database } from './postgres/database.ts';
import { sqlstateOf } from './postgres/errors.ts';
import { ident } from './postgres/identifiers.ts';
import { withHeartbeat } from './step.ts';

/**
 * What `doctor --probe` asks of a worker: a swap of a table of its own, and a row of the portal, with the rights, settings and
 * network that a release would have. A part that fails is an answer, and fails nothing.
 */
export function probeActivities(deps: ActivityDeps) {
  return {
    async probe(): Promise<ProbeResult> {
      return withHeartbeat(async (progress) => {
        const db = new Database(deps.pool, { applicationName: 'pp probe', signal: cancellationSignal() });
        progress('swapping a table of two rows');
        const swap = await tried(() => trySwap(db));
        progress('reading a row of the portal');
        const row = await tried(() => readRow(db));
        return { attempt: activityInfo().attempt, swap, row };
      });
    },
  };
}

async function tried(work: () => Promise<unknown>): Promise<ProbePart> {
  try {
    await work();
    return { done: true };
  } catch (error) {
    const { message, detail } = error as Error & { detail?: string };
    const fault = [message, detail].filter(Boolean).join(': ').replace(/\s+/g, ' ').trim();
    return { done: false, fault, sqlstate: sqlstateOf(error) };
  }
}

/** Of the first foreign table, whatever it is: an empty one answers, too. */
async function readRow(db: Database): Promise<void> {
  const [table] = await db.query<{ name: string }>(
    `select relname::text as name from pg_class where relkind = 'f' and relnamespace = to_regnamespace($1) order by 1 limit 1`,
    [portal.localSchema],
  );
  if (!table) throw new Error(`schema ${portal.localSchema} has no foreign table: the portal is not linked`);
  await db.query(
    `select count(one) from (select * from ${ident(portal.localSchema)}.${ident(table.name)} limit 1) one`,
  );
}
