import type { Session } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';

export interface ComparableColumn {
  name: string;
  /** The column itself, or its text where its type cannot be hashed or compared (json, xml, point …). */
  of(alias: string): string;
}

/**
 * The hash of a whole row. It stands in manifests that may be older than this version, so it stays as it is where all types can be
 * hashed.
 */
export async function rowHashSql(session: Session, relation: string, alias: string): Promise<string> {
  const columns = (await comparableColumns(session, relation)).map((column) => column.of(alias));
  const isWhole = columns.every((column) => !column.endsWith('::text'));
  return `hash_record(${isWhole ? alias : `row(${columns.join(', ')})`})::bigint`;
}

/** Columns of a relation (none, if it is not there) that an INSERT may name, in a form that can be hashed and compared, whatever their type. */
export async function comparableColumns(session: Session, relation: string): Promise<ComparableColumn[]> {
  const { rows } = await session.query<{ name: string; hashable: boolean }>(
    `select a.attname as name, t.typtype = 'e' or t.typcategory = 'S' or exists (
              select from pg_opclass o join pg_am m on m.oid = o.opcmethod
              where m.amname = 'hash' and o.opcdefault and o.opcintype in (t.oid, t.typbasetype)) as hashable
     from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum`,
    [`public.${ident(relation)}`],
  );
  return rows.map(({ name, hashable }) => ({
    name,
    of: (alias) => `${alias}.${ident(name)}${hashable ? '' : '::text'}`,
  }));
}

/** One value for all rows: their number, and the sum of the 64-bit hashes of these columns. */
export function fingerprintSql(relation: string, columns: readonly ComparableColumn[]): string {
  const row = columns.map((column) => column.of('t')).join(', ');
  return `select count(*) || ':' || coalesce(sum(hash_record_extended(row(${row}), 0)::numeric), 0) from public.${ident(relation)} t`;
}
