import { statisticsViews } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { retarget } from '../postgres/retarget.ts';
import type { Finding } from './finding.ts';

/**
 * What reads a backup of the old system and is no part of it: views that its swap has left there show old figures for ever, and keep the
 * backup from being dropped.
 *
 * @param backupOids SQL that answers the OIDs of all relations of its backups
 */
export async function readersOfBackups(session: Session, backupOids: string): Promise<Finding[]> {
  // Under an empty search_path all names in definitions are qualified, as retarget() wants them.
  await session.query(`select set_config('search_path', '', true)`);
  const { rows } = await session.query<{
    name: string;
    kind: string;
    options: string | null;
    definition: string;
    sources: string[];
  }>(
    `select v.oid::regclass::text as name, v.relkind as kind, array_to_string(v.reloptions, ', ') as options,
            rtrim(pg_get_viewdef(v.oid), ';') as definition, array_agg(distinct source.relname::text order by source.relname::text) as sources
     from pg_class v
     join pg_rewrite w on w.ev_class = v.oid
     join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
     join pg_class source on source.oid = d.refobjid
     where source.oid in (${backupOids}) and v.oid not in (${backupOids}) and v.relkind in ('v', 'm')
     group by v.oid, v.relkind, v.reloptions, v.relname order by 1`,
  );
  await session.query(`select set_config('search_path', 'public', true)`);
  return rows.map(({ name, kind, options, definition, sources }): Finding => {
    const short = name.replace(/^public\./, '');
    const what = `${short} reads ${sources.join(', ')}, and so shows what was live then`;
    if (kind === 'm') {
      const message = `materialized view ${what}: make it anew over live, or drop it; it keeps that backup from being dropped`;
      return { id: 'backup-read-by-others', acts: 'nobody', message, statements: [] };
    }
    const live = new Map(sources.map((source) => [source, source.replace(/^bk[0-9]{10}_/, '')]));
    const withOptions = options ? ` with (${options})` : '';
    return {
      id: 'backup-read',
      acts: 'adopt',
      message: `view ${what}: it is made to read live again, and keeps its rights`,
      statements: [`create or replace view ${name}${withOptions} as ${retarget(definition, live)}`],
    };
  });
}

/** Views of the website that a pruning of the old system has dropped with a backup. */
export async function lostStatisticsViews(session: Session): Promise<Finding[]> {
  const { names, maker } = statisticsViews;
  const { rows } = await session.query<{ name: string }>(
    `select name from unnest($1::text[]) name where to_regclass('public.' || name) is null`,
    [names],
  );
  if (rows.length === 0) return [];
  return [
    {
      id: 'statistics-views',
      acts: 'adopt',
      message: `${rows.map(({ name }) => name).join(' and ')} of the website are gone, as after a pruning of the old system: they are made again, with the rights of country_statistics`,
      statements: [`select ${maker}()`],
    },
  ];
}
