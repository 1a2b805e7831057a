import { backupOf, STAGING } from '../generation/names.ts';
import { strangersInTheWay } from '../generation/room.ts';
import type { Session } from '../postgres/database.ts';
import { isShapeAccepted } from '../staging/holder.ts';
import { liveGuards } from '../staging/live_values.ts';
import { writesSinceBuild } from '../staging/live_writes.ts';
import { readersOfOtherShape } from './dependent_shapes.ts';
import { shapedDownloads } from './downloads.ts';
import { promotedChanges } from './in_place.ts';
import { ledgerCheck, promotedLedger } from './ledger.ts';
import type { SwapSnapshot } from './model.ts';
import { planSwap, type SwapPlan } from './plan.ts';
import { readSnapshot } from './reading/snapshot.ts';

export interface Prepared {
  snapshot: SwapSnapshot;
  plan: SwapPlan;
}

/** The plan that makes staging live and keeps what was live as backup `stamp`. */
export async function planPromote(session: Session, releaseId: number, stamp: string): Promise<Prepared> {
  const snapshot = await readSnapshot(session, STAGING);
  snapshot.refusals.push(...(await strangersInTheWay(session, snapshot, STAGING, backupOf(stamp))));
  const acceptShape = await isShapeAccepted(session);
  if (acceptShape) snapshot.refusals.push(...(await readersOfOtherShape(session, snapshot)));
  const inPlace = await promotedChanges(session, releaseId);
  const plan = planSwap(snapshot, {
    incoming: STAGING,
    outgoing: backupOf(stamp),
    ledger: promotedLedger(releaseId, stamp),
    rows: [{ sql: 'delete from pp_release.staging', reason: 'staging holds nothing any more' }, ...inPlace.rows],
    locks: inPlace.locks,
    downloadsView: await shapedDownloads(session, snapshot, STAGING),
    acceptShape,
    guards: await liveGuards(session),
    checks: [await ledgerCheck(session)],
  });
  const writes = Object.entries(await writesSinceBuild(session));
  plan.changes.push(
    ...writes.map(
      ([table, rows]) =>
        `live ${table}: ${rows} rows were written since staging was built; what importers make of them is replaced`,
    ),
  );
  return { snapshot, plan };
}
