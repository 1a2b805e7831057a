import { type LiveValue, type ReleasedTable, tables } from '../../catalog/index.ts';
import { type ComparableColumn, comparableColumnsOf, fingerprintSql } from '../generation/row_hash.ts';
import { ALL_COLUMNS, writtenColumns } from '../generation/written_columns.ts';
import type { Session } from '../postgres/database.ts';
import { stagingName } from '../postgres/identifiers.ts';
import { carriedOverTables } from './carried_over.ts';

/**
 * What staging has from live of one table: all rows (lookups, tables that no importer fills), or the columns that no importer
 * writes. It is live's, so what changes in live until the swap is taken over too, or refuses it.
 */
export interface FromLive {
  table: ReleasedTable;
  rows: 'all' | 'those of the release';
  /** True where an edit in live is not carried over but refuses the swap. */
  refuses: boolean;
  /** With the key. */
  columns: readonly ComparableColumn[];
  /** Its dates of a row's last change: websites call them updated_at. */
  dates: readonly string[];
}

/** What live looked like when staging took its values, as `pp_release.staging` keeps it. */
export type Remembered = Record<string, { columns: string[]; fingerprint: string }>;

export const keyOf = ({ key = ['id'] }: ReleasedTable): readonly string[] => key;

export type Columns = ReadonlyMap<string, readonly ComparableColumn[]>;

/** Columns of live that no importer writes, and that its twin has too. */
export function columnsOfLive(known: Columns, { name }: ReleasedTable, twinName = stagingName(name)): string[] {
  const written = writtenColumns().get(name);
  if (!written || written.has(ALL_COLUMNS)) return [];
  const twin = new Set((known.get(twinName) ?? []).map((column) => column.name));
  const live = (known.get(name) ?? []).map((column) => column.name);
  return live.filter((column) => twin.has(column) && !written.has(column));
}

/** Of live's tables and their twins. */
export function readColumns(session: Session, nameOf: (table: string) => string = stagingName): Promise<Columns> {
  return comparableColumnsOf(
    session,
    tables.flatMap(({ name }) => [name, nameOf(name)]),
  );
}

/** Of the columns that an importer writes, those for which it has taken live's value in this release. */
async function conditionalColumns(
  session: Session,
  values: readonly LiveValue[],
  carriedOver: ReadonlySet<string>,
): Promise<string[]> {
  if (values.length === 0) return [];
  const { rows } = await session.query<{ files: string[] | null; marks: number }>(
    `select count(*)::int as marks, array_agg(distinct file ->> 'input') as files
     from pp_release.staging s join pp_release.import_marks m using (release_id)
     left join lateral jsonb_array_elements(m.inputs) file on true`,
  );
  const { marks = 0, files } = rows[0] ?? {};
  const read = new Set(files ?? []);
  return values
    .filter(({ unless }) => ('file' in unless ? marks > 0 && !read.has(unless.file) : carriedOver.has(unless.filled)))
    .map(({ column }) => column);
}

/** All that staging has from live, of the release that it holds. */
export async function fromLive(session: Session): Promise<FromLive[]> {
  const carriedOver = (await carriedOverTables(session)) ?? new Set<string>();
  const known = await readColumns(session);
  const found: FromLive[] = [];
  for (const table of tables) {
    const all = known.get(table.name) ?? [];
    // A table that is gone is named by the plan.
    if (all.length === 0) continue;
    const isWhole = carriedOver.has(table.name);
    const { whenEdited = table.kind === 'lookup' && !isWhole ? 'refuse' : 'carry' } = table;
    const refuses = whenEdited === 'refuse';
    const dates = all.map(({ name }) => name).filter((name) => name === 'updated_at');
    if (table.kind === 'lookup' || isWhole) {
      found.push({ table, rows: 'all', refuses, columns: all, dates });
      continue;
    }
    const own = new Set([
      ...columnsOfLive(known, table),
      ...(await conditionalColumns(session, table.liveValues ?? [], carriedOver)),
    ]);
    if (own.size === 0) continue;
    const key = new Set(keyOf(table));
    const columns = all.filter(({ name }) => key.has(name) || own.has(name));
    found.push({ table, rows: 'those of the release', refuses, columns, dates });
  }
  return found;
}

export async function fingerprintOf(session: Session, { table, columns }: FromLive): Promise<string> {
  const { rows } = await session.query<{ fingerprint: string }>(
    `select (${fingerprintSql(table.name, columns)}) as fingerprint`,
  );
  return rows[0]?.fingerprint ?? '';
}

export const namesOf = ({ columns }: FromLive): string[] => columns.map(({ name }) => name);

/** Fingerprints of what staging is about to copy whole. Before the copy: what is written in between is then seen. */
export async function rememberRows(session: Session): Promise<void> {
  const remembered: Remembered = {};
  for (const part of (await fromLive(session)).filter(({ rows }) => rows === 'all')) {
    remembered[part.table.name] = { columns: namesOf(part), fingerprint: await fingerprintOf(session, part) };
  }
  await session.query('update pp_release.staging set live_values = $1', [JSON.stringify(remembered)]);
}

/**
 * The lookups of a generation that is about to be live, for the release that becomes staging with it: what is edited in them from
 * then on refuses its promotion, as an edit since the build does.
 */
export async function lookupsAsIn(session: Session, nameOf: (table: string) => string): Promise<Remembered> {
  const remembered: Remembered = {};
  const known = await readColumns(session, nameOf);
  for (const { name, kind } of tables) {
    if (kind !== 'lookup') continue;
    const columns = known.get(nameOf(name)) ?? [];
    const { rows } = await session.query<{ fingerprint: string }>(
      `select (${fingerprintSql(nameOf(name), columns)}) as fingerprint`,
    );
    remembered[name] = { columns: columns.map((column) => column.name), fingerprint: rows[0]?.fingerprint ?? '' };
  }
  return remembered;
}

export async function recall(session: Session): Promise<Remembered | undefined> {
  const { rows } = await session.query<{ remembered: Remembered | null }>(
    'select live_values as remembered from pp_release.staging',
  );
  return rows[0]?.remembered ?? undefined;
}
