import { tables, views } from '../../catalog/index.ts';
import { backupOf } from '../generation/names.ts';
import { dropMade } from '../generation/record.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';

export interface Backup {
  /** YYMMDDHHMM, UTC. */
  stamp: string;
  /** The release whose data it holds; none for what was there before the first release. */
  releaseId: number | null;
  label: string | null;
  relations: number;
  bytes: number;
  /** Live names of what is missing: such a backup cannot be rolled back to. */
  missing: string[];
  complete: boolean;
  /** Made by the old system, and taken over by pp-release adopt. */
  oldSystem: boolean;
}

/** All backups that releases made or that were adopted, the newest first. What else is named like a backup is none. */
export async function listBackups(session: Session): Promise<Backup[]> {
  const { rows } = await session.query<{
    stamp: string;
    names: string[];
    bytes: string;
    release_id: number | null;
    label: string | null;
    old_system: boolean;
  }>(
    `select o.generation as stamp, array_agg(o.live_name) as names,
            sum(pg_total_relation_size(o.oid)) as bytes, min(r.id)::int as release_id, min(r.label) as label,
            exists (select from pp_release.adopted_backups a where a.stamp = o.generation) as old_system
     from pp_release.ours o
     left join releases r on to_char(r.backup_timestamp, 'YYMMDDHH24MI') = o.generation
     where o.generation not in ('staging', 'next', 'previous')
     group by 1 order by 1 desc`,
  );
  return rows.map(({ stamp, names, bytes, release_id, label, old_system }) => {
    const present = new Set(names);
    const missing = [...tables, ...views].map(({ name }) => name).filter((name) => !present.has(name));
    return {
      stamp,
      releaseId: release_id,
      label,
      relations: names.length,
      bytes: Number(bytes),
      missing,
      complete: missing.length === 0,
      oldSystem: old_system,
    };
  });
}

/**
 * Which backups stay. Only complete ones count, so that what is kept is a way back; an incomplete one stays as long as it is
 * not older than all of those that are kept. The last complete one stays whatever `keep` says, unless a person typed
 * that none is to be kept. Those of the old system are neither counted nor dropped, unless a person typed that they count too.
 */
export function retention(
  backups: readonly Pick<Backup, 'stamp' | 'complete' | 'oldSystem'>[],
  keep: number,
  options: { allowNone?: boolean | undefined; oldSystem?: boolean | undefined } = {},
): { kept: string[]; dropped: string[] } {
  const stamps = backups.map(({ stamp }) => stamp);
  const wanted = Math.max(keep, options.allowNone ? 0 : 1);
  if (wanted === 0) return { kept: [], dropped: stamps };
  const counted = backups.filter(({ oldSystem }) => options.oldSystem || !oldSystem);
  const oldestKept = counted.filter(({ complete }) => complete).map(({ stamp }) => stamp)[wanted - 1];
  if (oldestKept === undefined) return { kept: stamps, dropped: [] };
  const dropped = counted.map(({ stamp }) => stamp).filter((stamp) => stamp < oldestKept);
  return { kept: stamps.filter((stamp) => !dropped.includes(stamp)), dropped };
}

/**
 * Views of others that read backups which the release's own retention is going to drop: it would fail after the swap, and they
 * show what was live then.
 *
 * @param keep backups that stay, the one that the swap is about to make among them
 * @returns a sentence for each view
 */
export async function readersOfLeaving(session: Session, keep: number): Promise<string[]> {
  const backups = await listBackups(session);
  const next = { stamp: await freeStamp(session), complete: true, oldSystem: false };
  const { dropped } = retention([next, ...backups], keep);
  const { rows } = await session.query<{ view: string; owner: string; stamps: string[] }>(
    `select v.oid::regclass::text as view, pg_get_userbyid(v.relowner) as owner, array_agg(distinct o.generation order by o.generation) as stamps
     from pp_release.ours o
     join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = o.oid and d.classid = 'pg_rewrite'::regclass
     join pg_rewrite w on w.oid = d.objid
     join pg_class v on v.oid = w.ev_class and v.oid not in (select oid from pp_release.ours)
     where o.generation = any($1) group by v.oid, v.relowner order by 1`,
    [dropped],
  );
  return rows.map(
    ({ view, owner, stamps }) =>
      `view ${view} (owner ${owner}) reads backup ${stamps.join(', ')}, which goes with this release: drop the view, or keep more backups (PP_KEEP_BACKUP_COUNT)`,
  );
}

/**
 * The stamp of this minute in UTC, or the minute after the newest backup's, so that two swaps in one minute get two stamps
 * and a later backup always has the greater one: retention and rollback know the newest by it. A stamp of more than a day
 * ahead is nobody's work of today and does not count.
 */
export async function freeStamp(session: Session): Promise<string> {
  const { rows } = await session.query<{ stamp: string }>(
    `with known as (
       select substr(relname, 3, 10) as stamp from pg_class where relname ~ '^bk[0-9]{10}_'
       union all
       select generation from pp_release.made where generation not in ('staging', 'next', 'previous')
       union all
       select to_char(backup_timestamp, 'YYMMDDHH24MI') from releases where backup_timestamp is not null
     ),
     clock as (select now() at time zone 'utc' as minute)
     select to_char(greatest(minute, (
         select to_timestamp(max(stamp), 'YYMMDDHH24MI')::timestamp + interval '1 minute' from known
         where stamp <= to_char(minute + interval '1 day', 'YYMMDDHH24MI'))), 'YYMMDDHH24MI') as stamp
     from clock`,
  );
  return (rows[0] as { stamp: string }).stamp;
}

/**
 * Drops a backup, in the caller's transaction. RESTRICT: what stands in the way is named and nothing is dropped.
 *
 * @throws ReleaseError SwapRefused naming the dependent objects
 */
export async function dropBackup(session: Session, stamp: string): Promise<void> {
  try {
    await dropMade(session, backupOf(stamp));
    for (const of of ['backup_names', 'adopted_backups']) {
      await session.query(`delete from pp_release.${of} where stamp = $1`, [stamp]);
    }
    await session.query(
      `update releases set backup_timestamp = null where to_char(backup_timestamp, 'YYMMDDHH24MI') = $1`,
      [stamp],
    );
  } catch (error) {
    // Trouble with the connection is no refusal: it is tried again.
    if (sqlstateOf(error) !== SQLSTATE.dependentObjects) throw error;
    const { message, detail } = error as { message: string; detail?: string };
    const text = `backup ${stamp} cannot be dropped: ${[message, detail].filter(Boolean).join('; ')}`;
    throw new ReleaseError('SwapRefused', text, { stamp }, { cause: error });
  }
}
