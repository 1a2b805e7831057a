import { downloadsView, swappedByOldSystem, tables, views } from '../../catalog/index.ts';
import { isStamp } from '../../contracts/index.ts';
import { backupOf, nameIn } from '../generation/names.ts';
import { recording } from '../generation/record.ts';
import type { Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { sequencesOf } from '../postgres/introspection.ts';
import { copying, makingTwin } from '../staging/twin.ts';
import type { Finding } from './finding.ts';

interface Candidate {
  oid: string;
  name: string;
  stamp: string;
  liveName: string;
  kind: 'r' | 'm' | 'v';
  /** Stamps in the names of what a view reads. */
  reads: string[];
}

/** A backup of the old system that nobody has adopted yet. */
export interface OldBackup {
  stamp: string;
  relations: Candidate[];
  /** Released tables that the old system never swaps: they are in no backup of its, and live's rows are good for it. */
  unswapped: string[];
  /** What it lacks besides, and cannot be rolled back to without. */
  missing: string[];
}

export interface OldBackups {
  backups: OldBackup[];
  /** Relations that are named like a backup's and belong to none: they are left alone. */
  strangers: string[];
}

const SITES = tables.filter(({ kind }) => kind === 'main').map(({ name }) => name);

/**
 * What the old system has kept as `bkYYMMDDHHMM_…` and no record of ours names. A backup has the sites' tables. A downloads view with a
 * stamp of its own, which the old system takes at another minute, belongs to the backup whose views it reads.
 *
 * @param ours SQL that answers the OIDs of what releases of ours made
 */
export async function findOldBackups(session: Session, ours: string): Promise<OldBackups> {
  const { rows } = await session.query<Candidate>(
    `select c.oid::text, c.relname as name, substr(c.relname, 3, 10) as stamp, substr(c.relname, 14) as "liveName", c.relkind as kind,
            array(select distinct substr(source.relname, 3, 10)
                  from pg_rewrite w
                  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
                  join pg_class source on source.oid = d.refobjid and source.oid <> c.oid
                  where w.ev_class = c.oid and source.relname ~ '^bk[0-9]{10}_') as reads
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'm', 'v') and c.relname ~ '^bk[0-9]{10}_'
       and substr(c.relname, 14) = any($1) and c.oid not in (${ours})
     order by 3, 2`,
    [[...tables.map(({ name }) => name), ...views.map(({ name }) => name), downloadsView]],
  );
  const stamps = [...new Set(rows.map(({ stamp }) => stamp))];
  const of = (stamp: string) => rows.filter((row) => row.stamp === stamp);
  const isWhole = (stamp: string) =>
    isStamp(stamp) && SITES.every((name) => of(stamp).some((row) => row.liveName === name));
  const backups = stamps.filter(isWhole).map((stamp): OldBackup => {
    const visiting = rows.filter((row) => !isWhole(row.stamp) && row.kind === 'v' && row.reads.join() === stamp);
    const relations = [...of(stamp), ...visiting];
    const present = new Set(relations.map(({ liveName }) => liveName));
    const absent = [...tables, ...views].map(({ name }) => name).filter((name) => !present.has(name));
    const isSwapped = (name: string) => swappedByOldSystem.includes(name) || views.some((view) => view.name === name);
    return {
      stamp,
      relations,
      unswapped: absent.filter((name) => !isSwapped(name)),
      missing: absent.filter(isSwapped),
    };
  });
  const known = new Set(backups.flatMap(({ relations }) => relations.map(({ name }) => name)));
  return { backups, strangers: rows.map(({ name }) => name).filter((name) => !known.has(name)) };
}

/** Each backup as a finding: what it is, and the statements by which it becomes one that can be rolled back to. */
export async function backupFindings(session: Session, { backups, strangers }: OldBackups): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const backup of backups) {
    const { stamp, relations, unswapped, missing } = backup;
    const lookups = `the ${unswapped.length} tables that the old system never swapped (${unswapped.join(', ')}) join it with live's rows of today`;
    const way =
      missing.length === 0
        ? 'it can be rolled back to then'
        : `it lacks ${missing.join(', ')}, so it cannot be rolled back to`;
    found.push({
      id: 'backup',
      acts: 'adopt',
      stamp,
      message: `backup ${stamp} of the old system has ${relations.length} relations: it is recorded as such, and no release drops it by itself; ${
        unswapped.length > 0 ? `${lookups}; ` : ''
      }${way}`,
      statements: await takingOver(session, backup),
    });
  }
  if (strangers.length > 0)
    found.push({
      id: 'backup-parts',
      acts: 'nobody',
      message: `${strangers.join(', ')} are named like parts of a backup and belong to none that has sites: they are left alone`,
      statements: [],
    });
  return found;
}

async function takingOver(session: Session, { stamp, relations, unswapped }: OldBackup): Promise<string[]> {
  const generation = backupOf(stamp);
  const statements: string[] = [];
  for (const table of unswapped) {
    statements.push(...(await makingTwin(session, table, generation)), await copying(session, table, generation));
    for (const { name, column } of await sequencesOf(session, table)) {
      const sequence = literal(ident(nameIn(generation, name)));
      statements.push(
        `select setval(${sequence}::regclass, greatest(max(${ident(column)}), 1), max(${ident(column)}) is not null) from ${ident(nameIn(generation, table))}`,
      );
    }
  }
  const own = relations.filter((relation) => relation.stamp === stamp).map(({ liveName }) => liveName);
  statements.push(recording(generation, [...own, ...unswapped]));
  for (const { name } of relations.filter((relation) => relation.stamp !== stamp)) {
    // Under its own name, since the backup may have a downloads view with the right stamp besides.
    statements.push(
      `insert into pp_release.made (generation, live_name, name, oid, database)
       select ${literal(stamp)}, relname, relname, oid, pp_release.this_database() from pg_class
       where relnamespace = 'public'::regnamespace and relname = ${literal(name)}`,
    );
  }
  return statements;
}

/** Keys of backups to what is not theirs: a release would have to drop and make them again under its locks, each month. */
export async function keysToLive(session: Session, backupOids: string): Promise<Finding[]> {
  const { rows } = await session.query<{ name: string; table: string; to: string }>(
    `select k.conname as name, k.conrelid::regclass::text as table, k.confrelid::regclass::text as to
     from pg_constraint k
     where k.contype = 'f' and k.conrelid in (${backupOids}) and k.confrelid not in (${backupOids}) order by 2, 1`,
  );
  if (rows.length === 0) return [];
  return [
    {
      id: 'backup-keys',
      acts: 'adopt',
      message: `keys of backups name live tables (${rows.map((key) => `${key.name} on ${key.table} to ${key.to}`).join(', ')}): they are dropped, since each release would re-point and prove them; a rollback to the backup makes its own`,
      statements: rows.map(({ name, table }) => `alter table ${table} drop constraint ${ident(name)}`),
    },
  ];
}
