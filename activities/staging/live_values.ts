import { type ReleasedTable, tables } from '../../catalog/index.ts';
import { type ComparableColumn, comparableColumnsOf, fingerprintSql, rowHashSql } from '../generation/row_hash.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, literal, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { copyAgain } from './carried_over.ts';
import {
  columnsOfLive,
  type FromLive,
  fingerprintOf,
  fromLive,
  keyOf,
  namesOf,
  type Remembered,
  readColumns,
  recall,
} from './from_live.ts';

/** Gives the rows that an importer has made the values of the columns that it does not write. @returns rows that got one */
export async function carryColumns(session: Session, table: ReleasedTable): Promise<number> {
  const known = await readColumns(session);
  const own = new Set(columnsOfLive(known, table));
  if (own.size === 0) return 0;
  const columns = (known.get(table.name) ?? []).filter(({ name }) => own.has(name));
  return carry(session, table, columns, []);
}

/**
 * The same for a backup that is about to be live again: what the website keeps in columns that no importer writes stays as it is in
 * live. (What an importer makes goes back, and so do the rows of tables that no importer fills.)
 */
export async function backupGuards(session: Session, nameOf: (table: string) => string): Promise<Guard[]> {
  const known = await readColumns(session, nameOf);
  const guards: Guard[] = [];
  for (const table of tables) {
    const own = new Set(table.kind === 'lookup' ? [] : columnsOfLive(known, table, nameOf(table.name)));
    const columns = (known.get(table.name) ?? []).filter(({ name }) => own.has(name));
    if (columns.length === 0) continue;
    const carry = carrySql(table, columns, [], nameOf(table.name));
    guards.push({ table: table.name, sql: 'select 1 as n', carry, message: '' });
  }
  return guards;
}

/** @param dated columns that get the later of both values: the date of a change that is taken over */
async function carry(
  session: Session,
  table: ReleasedTable,
  columns: readonly ComparableColumn[],
  dated: readonly string[],
): Promise<number> {
  const { rowCount } = await session.query(carrySql(table, columns, dated));
  return rowCount ?? 0;
}

function carrySql(
  table: ReleasedTable,
  columns: readonly ComparableColumn[],
  dated: readonly string[],
  into = stagingName(table.name),
): string {
  const key = keyOf(table);
  const values = columns.filter(({ name }) => !key.includes(name));
  const row = (alias: string) => values.map((column) => column.of(alias)).join(', ');
  const assignments = [
    ...values.map(({ name }) => `${ident(name)} = l.${ident(name)}`),
    ...dated.map((name) => `${ident(name)} = greatest(s.${ident(name)}, l.${ident(name)})`),
  ];
  return `update public.${ident(into)} s set ${assignments.join(', ')} from public.${ident(table.name)} l
          where ${key.map((name) => `s.${ident(name)} = l.${ident(name)}`).join(' and ')}
            and row(${row('s')}) is distinct from row(${row('l')})`;
}

export interface Followed {
  /** Tables of staging that have taken later values of live, with the number of rows. */
  rows: Record<string, number>;
}

/**
 * Takes over what has changed in live since staging took its values. Asked when the swap is prepared and before each of its
 * rounds; the swap asks once more, under a lock that keeps writers out.
 *
 * @throws ReleaseError SwapRefused naming tables and keys where the catalog says that an edit is not carried
 */
export async function followLive(db: Database, release: ReleaseRef, onStep: (step: string) => void): Promise<Followed> {
  const followed: Followed = { rows: {} };
  const edited: string[] = [];
  const parts = await db.session(async (session) => {
    const remembered = await recall(session);
    const changed: { part: FromLive; known: boolean }[] = [];
    for (const part of await fromLive(session)) {
      const before = remembered?.[part.table.name];
      const isSame = before?.columns.join() === namesOf(part).join();
      if (isSame && before?.fingerprint === (await fingerprintOf(session, part))) continue;
      changed.push({ part, known: before !== undefined });
    }
    return changed;
  });
  for (const { part, known } of parts) {
    if (part.rows === 'all' && !known) continue;
    if (part.refuses) {
      edited.push(await db.session((session) => describeEdit(session, part)));
      continue;
    }
    onStep(`live ${part.table.name} has changed: taking it over`);
    const rows = await db.transaction((session) => follow(session, release, part));
    if (rows > 0) followed.rows[part.table.name] = rows;
  }
  if (edited.length > 0) {
    const message = `nothing was changed: ${edited.join(' and ')} edited in live since staging was built: the edit would be lost; run the release from build_staging`;
    throw new ReleaseError('SwapRefused', message, { refusals: edited });
  }
  return followed;
}

async function follow(session: Session, release: ReleaseRef, part: FromLive): Promise<number> {
  const { table, columns, dates } = part;
  // Before the values are read: what is written in between is seen by the next look.
  const fingerprint = await fingerprintOf(session, part);
  const rows =
    part.rows === 'all' ? await copyAgain(session, release, table) : await carry(session, table, columns, dates);
  await session.query(`update pp_release.staging set live_values = coalesce(live_values, '{}') || $1::jsonb`, [
    JSON.stringify({ [table.name]: { columns: namesOf(part), fingerprint } satisfies Remembered[string] }),
  ]);
  if (rows > 0) {
    const staging = stagingName(table.name);
    const row = rowHashSql((await comparableColumnsOf(session, [staging])).get(staging) ?? [], 't');
    await session.query(
      `update pp_release.staging set followed = followed || jsonb_build_object($1::text, (
         select coalesce(sum(${row}), 0)::text from public.${ident(staging)} t))`,
      [staging],
    );
  }
  return rows;
}

const SAMPLE_KEYS = 5;

/** The rows of live that are not in staging as they are, by key. */
async function describeEdit(session: Session, { table, columns }: FromLive): Promise<string> {
  const key = keyOf(table);
  const list = (alias: string) => columns.map((column) => column.of(alias)).join(', ');
  const { rows } = await session.query<{ key: string }>(
    `select concat_ws('/', ${key.map((name) => `l.${ident(name)}`).join(', ')}) as key from public.${ident(table.name)} l
     where not exists (select from public.${ident(stagingName(table.name))} s
                       where ${key.map((name) => `s.${ident(name)} = l.${ident(name)}`).join(' and ')}
                         and row(${list('s')}) is not distinct from row(${list('l')}))
     order by 1 limit ${SAMPLE_KEYS + 1}`,
  );
  const keys = rows.slice(0, SAMPLE_KEYS).map((row) => row.key);
  const what =
    keys.length > 0
      ? `rows with ${key.join('/')} ${keys.join(', ')}${rows.length > SAMPLE_KEYS ? ', …' : ''}`
      : 'rows were deleted';
  return `${table.name} (${what})`;
}

/** A question of the swap itself, in live names: is live still what staging has taken from it? */
export interface Guard {
  table: string;
  sql: string;
  /** Takes over what has changed. Without it the round ends, and the next one follows live outside any lock. */
  carry: string | undefined;
  message: string;
}

/** Asked, and answered, under a lock that lets readers go on. */
export async function liveGuards(session: Session): Promise<Guard[]> {
  const remembered = (await recall(session)) ?? {};
  const guards: Guard[] = [];
  for (const part of await fromLive(session)) {
    const before = remembered[part.table.name];
    if (!before) continue;
    const sql = `select case when (${fingerprintSql(part.table.name, part.columns)}) = ${literal(before.fingerprint)} then 0 else 1 end as n`;
    const isCarried = part.rows !== 'all' && !part.refuses;
    const carry = isCarried ? carrySql(part.table, part.columns, part.dates) : undefined;
    const message = `live ${part.table.name} was edited in this very moment`;
    guards.push({ table: part.table.name, sql, carry, message });
  }
  return guards;
}
