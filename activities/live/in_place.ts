import type { Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import type { PlanStatement } from './model.ts';

/** What a swap or a rollback writes in tables that keep their place (pp_release.live_changes), and locks for it. */
export interface InPlaceChanges {
  locks: string[];
  rows: PlanStatement[];
}

interface Target {
  releaseId: number;
  relation: string;
  column: string;
  /** Type of the column. */
  type: string;
  /** True when the table keeps the time of a row's last change. */
  dated: boolean;
}

/** A release's planned changes are made: each cell that still says what it said when they were planned. */
export async function promotedChanges(session: Session, releaseId: number): Promise<InPlaceChanges> {
  const targets = await readTargets(session, [releaseId]);
  return {
    locks: locksOf(targets),
    rows: [
      {
        sql: `insert into pp_release.generations (release_id) values (${Number(releaseId)}) on conflict do nothing`,
        reason: 'the order in which releases become live is kept',
      },
      ...targets.flatMap(apply),
    ],
  };
}

/**
 * What stood before is put back, the newest release's changes first, where nobody has changed it since. A rollback to a
 * backup of a later release makes the changes of those on the way again.
 */
export async function demotedChanges(
  session: Session,
  stamp: string,
  currentReleaseId: number,
): Promise<InPlaceChanges> {
  const { rows } = await session.query<{ id: number; undo: boolean }>(
    `with target as (
       select g.first_live_at from releases r left join pp_release.generations g on g.release_id = r.id
       where to_char(r.backup_timestamp, 'YYMMDDHH24MI') = $1),
     current as (select first_live_at from pp_release.generations where release_id = $2)
     select g.release_id::int as id, g.first_live_at > coalesce((select first_live_at from target), '-infinity') as undo
     from pp_release.generations g
     where g.first_live_at > least(coalesce((select first_live_at from target), '-infinity'), (select first_live_at from current))
       and g.first_live_at <= greatest((select first_live_at from target), (select first_live_at from current))
     order by g.first_live_at`,
    [stamp, currentReleaseId],
  );
  const undone = rows.filter(({ undo }) => undo).map(({ id }) => id);
  const redone = rows.filter(({ undo }) => !undo).map(({ id }) => id);
  const toUndo = (await readTargets(session, undone)).reverse();
  const toRedo = await readTargets(session, redone);
  return { locks: locksOf([...toUndo, ...toRedo]), rows: [...toUndo.flatMap(undo), ...toRedo.flatMap(apply)] };
}

/** In the order of `releaseIds`. */
async function readTargets(session: Session, releaseIds: readonly number[]): Promise<Target[]> {
  const { rows } = await session.query<Target>(
    `select c.release_id::int as "releaseId", c.relation, c.column_name as "column",
            (select format_type(a.atttypid, a.atttypmod) from pg_attribute a
             where a.attrelid = to_regclass('public.' || quote_ident(c.relation)) and a.attname = c.column_name) as type,
            exists (select from pg_attribute a where a.attrelid = to_regclass('public.' || quote_ident(c.relation))
                      and a.attname = 'updated_at' and not a.attisdropped) as dated
     from (select distinct release_id, relation, column_name from pp_release.live_changes where release_id = any($1)) c
     order by array_position($1, c.release_id), c.relation, c.column_name`,
    [releaseIds],
  );
  return rows;
}

function locksOf(targets: readonly Target[]): string[] {
  return [...new Set(targets.map(({ relation }) => `public.${ident(relation)}`))];
}

function apply(target: Target): PlanStatement[] {
  const { releaseId, relation, column } = target;
  return [
    {
      sql: `update pp_release.live_changes c set applied_at = clock_timestamp(), undone_at = null
            from public.${ident(relation)} t
            where ${matches(target)} and t.${ident(column)}::text is not distinct from c.before_value`,
      reason: `the planned changes of ${relation}.${column} that nobody has come before are noted as made`,
    },
    {
      sql: `update public.${ident(relation)} t set ${assign(target, 'after_value')}
            from pp_release.live_changes c
            where ${matches(target)} and t.${ident(column)}::text is not distinct from c.before_value`,
      reason: `${relation} is changed in place: ${column}, as release ${releaseId} has planned`,
    },
  ];
}

function undo(target: Target): PlanStatement[] {
  const { releaseId, relation, column } = target;
  return [
    {
      sql: `update public.${ident(relation)} t set ${assign(target, 'before_value')}
            from pp_release.live_changes c
            where ${matches(target)} and c.applied_at is not null and c.undone_at is null
              and t.${ident(column)}::text is not distinct from c.after_value`,
      reason: `${relation}.${column} gets back what stood there before release ${releaseId}, where nobody has changed it since`,
    },
    {
      sql: `update pp_release.live_changes set undone_at = clock_timestamp()
            where release_id = ${Number(releaseId)} and relation = ${literal(relation)} and column_name = ${literal(column)}
              and applied_at is not null and undone_at is null`,
      reason: `the changes of release ${releaseId} are noted as taken back`,
    },
  ];
}

function matches({ releaseId, relation, column }: Target): string {
  return `c.release_id = ${Number(releaseId)} and c.relation = ${literal(relation)} and c.column_name = ${literal(column)} and t.id = c.row_id`;
}

function assign({ column, type, dated }: Target, image: 'before_value' | 'after_value'): string {
  const date = dated ? `, updated_at = clock_timestamp() at time zone 'utc'` : '';
  return `${ident(column)} = c.${image}::${type}${date}`;
}
