import { downloadsView, tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { backupName, ident } from '../postgres/identifiers.ts';
import { dropTwins } from '../staging/twins.ts';

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
}

/** All backups, the newest first. */
export async function listBackups(session: Session): Promise<Backup[]> {
  const { rows } = await session.query<{
    stamp: string;
    names: string[];
    bytes: string;
    release_id: number | null;
    label: string | null;
  }>(
    `select substr(c.relname, 3, 10) as stamp, array_agg(c.relname::text) as names,
            sum(pg_total_relation_size(c.oid)) as bytes, min(r.id)::int as release_id, min(r.label) as label
     from pg_class c
     left join releases r on to_char(r.backup_timestamp, 'YYMMDDHH24MI') = substr(c.relname, 3, 10)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'v') and c.relname ~ '^bk[0-9]{10}_'
     group by 1 order by 1 desc`,
  );
  return rows.map(({ stamp, names, bytes, release_id, label }) => {
    const present = new Set(names);
    const missing = [...tables, ...views]
      .map(({ name }) => name)
      .filter((name) => !present.has(backupName(stamp, name)));
    return {
      stamp,
      releaseId: release_id,
      label,
      relations: names.length,
      bytes: Number(bytes),
      missing,
      complete: missing.length === 0,
    };
  });
}

/** The stamp of this minute in UTC, or the next minute that no backup has: two swaps in one minute get two stamps. */
export async function freeStamp(session: Session): Promise<string> {
  const { rows } = await session.query<{ stamp: string }>(
    `select to_char(minute, 'YYMMDDHH24MI') as stamp
     from generate_series(0, 1440) n
     cross join lateral (select (now() at time zone 'utc') + n * interval '1 minute' as minute) m
     where not exists (select from pg_class where relname like 'bk' || to_char(minute, 'YYMMDDHH24MI') || '\\_%')
       and not exists (select from releases where to_char(backup_timestamp, 'YYMMDDHH24MI') = to_char(minute, 'YYMMDDHH24MI'))
     order by n limit 1`,
  );
  const stamp = rows[0]?.stamp;
  if (!stamp)
    throw new ReleaseError('SwapRefused', 'every minute of the coming day has a backup already: clean the backups');
  return stamp;
}

/**
 * Drops a backup, in the caller's transaction. RESTRICT: what stands in the way is named and nothing is dropped.
 *
 * @throws ReleaseError SwapRefused naming the dependent objects
 */
export async function dropBackup(session: Session, stamp: string): Promise<void> {
  const list = (items: readonly { name: string }[]) =>
    items.map(({ name }) => ident(backupName(stamp, name))).join(', ');
  try {
    await session.query(`drop view if exists ${ident(backupName(stamp, downloadsView))}`);
    await dropTwins(session, `bk${stamp}_`);
    await session.query(`drop materialized view if exists ${list(views)}`);
    await session.query(`drop table if exists ${list(tables)}`);
    await session.query('delete from pp_release.backup_names where stamp = $1', [stamp]);
    await session.query(
      `update releases set backup_timestamp = null where to_char(backup_timestamp, 'YYMMDDHH24MI') = $1`,
      [stamp],
    );
  } catch (error) {
    const { message, detail } = error as { message: string; detail?: string };
    const text = `backup ${stamp} cannot be dropped: ${[message, detail].filter(Boolean).join('; ')}`;
    throw new ReleaseError('SwapRefused', text, { stamp }, { cause: error });
  }
}
