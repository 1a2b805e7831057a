import { readFile } from 'node:fs/promises';
import { downloadsView, VIEWS_DIR } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { literal } from '../postgres/identifiers.ts';
import { lookupChecks } from '../staging/live_lookups.ts';
import { backupOf, nameIn, STAGING, type SwapSnapshot } from './model.ts';
import { type PlanStatement, planSwap, type SwapPlan } from './plan.ts';
import { readSnapshot } from './reading/snapshot.ts';

export interface Prepared {
  snapshot: SwapSnapshot;
  plan: SwapPlan;
}

/** The plan that makes staging live and keeps what was live as backup `stamp`. */
export async function planPromote(session: Session, releaseId: number, stamp: string): Promise<Prepared> {
  const snapshot = await readSnapshot(session, STAGING);
  const plan = planSwap(snapshot, {
    incoming: STAGING,
    outgoing: backupOf(stamp),
    releaseRows: releaseRows(releaseId, stamp),
    downloadsView: await downloadsViewOf(),
    checks: await lookupChecks(session, (table) => nameIn(backupOf(stamp), table)),
  });
  return { snapshot, plan };
}

const NOW = `clock_timestamp() at time zone 'utc'`;

function releaseRows(releaseId: number, stamp: string): PlanStatement[] {
  return [
    {
      sql: `update public.releases set is_current = false, updated_at = ${NOW},
              backup_timestamp = to_timestamp(${literal(stamp)}, 'YYMMDDHH24MI')::timestamp
            where is_current`,
      reason: 'the release that was current is now the one in the backup',
    },
    {
      sql: `update public.releases set is_current = true, backup_timestamp = null, state = 'swapped', error_text = null,
              updated_at = ${NOW} where id = ${Number(releaseId)}`,
      reason: 'this release is current from the same moment on as its data',
    },
    { sql: 'delete from pp_release.staging', reason: 'staging holds nothing any more' },
  ];
}

export async function downloadsViewOf(): Promise<{ name: string; select: string }> {
  const select = await readFile(`${VIEWS_DIR}${downloadsView}.sql`, 'utf8');
  return { name: downloadsView, select: select.replace(/^--.*\n/gm, '') };
}
