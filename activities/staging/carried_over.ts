import { type Reference, type ReleasedTable, tables } from '../../catalog/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { copyLive, dropKeysOf } from './twin.ts';

/** Stands where a reject names its importer: these rows come from live. */
const CARRIED_OVER = 'carried over';

/**
 * A table that no importer fills keeps live's rows, and some of them may name a site, an evaluation or a source that this
 * release has no more. They are left out, or lose the reference, with a note for each. It starts from live's rows whenever it
 * has changed any before, since the site may be back after another import. For when all importers are done: before, what they
 * fill is empty.
 */
export async function dropDangling(db: Database, release: ReleaseRef): Promise<void> {
  await db.transaction(async (session) => {
    const held = await carriedOverTables(session);
    const carriedOver = tables.filter(({ name, refers }) => refers && held?.has(name));
    const { rowCount: notes } = await session.query(
      'delete from pp_release.rejects where release_id = $1 and importer = $2',
      [release.releaseId, CARRIED_OVER],
    );
    for (const table of carriedOver) {
      const dangling = [];
      for (const reference of table.refers ?? []) dangling.push(await isDangling(session, table, reference));
      if (!dangling.includes(true) && !notes) continue;
      await copyAgain(session, release, table);
    }
  });
}

/** Live's rows anew, without those that name what this release has no more. @returns rows copied */
export async function copyAgain(session: Session, release: ReleaseRef, table: ReleasedTable): Promise<number> {
  await session.query(
    'delete from pp_release.rejects where release_id = $1 and importer = $2 and starts_with(reason, $3)',
    [release.releaseId, CARRIED_OVER, `${table.name}: `],
  );
  await dropKeysOf(session, [stagingName(table.name)]);
  await session.query(`truncate ${ident(stagingName(table.name))}`);
  const copied = await copyLive(session, table);
  for (const reference of table.refers ?? []) await mend(session, release, table, reference);
  return copied;
}

/** Released tables whose staging twin holds live's rows; nothing where that is not known. */
export async function carriedOverTables(session: Session): Promise<Set<string> | undefined> {
  const { rows } = await session.query<{ names: string[] | null }>(
    `select array(select name from unnest(carried_over) name where pp_release.carried_over(name)) as names
     from pp_release.staging where carried_over is not null`,
  );
  return rows[0]?.names ? new Set(rows[0].names) : undefined;
}

const gone = ({ column, table }: Reference): string =>
  `t.${ident(column)} is not null and not exists (select from ${ident(stagingName(table))} o where o.id = t.${ident(column)})`;

async function isDangling(session: Session, { name }: ReleasedTable, reference: Reference): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    `select exists (select from ${ident(stagingName(name))} t where ${gone(reference)}) as found`,
  );
  return rows[0]?.found ?? false;
}

async function mend(session: Session, release: ReleaseRef, table: ReleasedTable, reference: Reference): Promise<void> {
  const twin = ident(stagingName(table.name));
  const column = ident(reference.column);
  const [change, what] =
    reference.gone === 'row'
      ? [`delete from ${twin} t`, `${table.name}: left out, it names a row of ${reference.table} that is gone`]
      : [`update ${twin} t set ${column} = null`, `${table.name}: ${reference.column} is gone from ${reference.table}`];
  // RETURNING shows a row as it is after an UPDATE, so what it named is read before.
  await session.query(
    `with named as (select ctid as place, to_jsonb(t) as before from ${twin} t where ${gone(reference)}),
          changed as (${change} ${reference.gone === 'row' ? 'using' : 'from'} named where t.ctid = named.place returning named.before)
     insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
     select $1, $2, 'note', $3, coalesce(before ->> 'id', before ->> $4), jsonb_build_object($4::text, before -> $4) from changed`,
    [release.releaseId, CARRIED_OVER, what, reference.column],
  );
}
