import type { Session } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';

export interface ComparableColumn {
  name: string;
  /** The column itself, or its text where its type cannot be hashed or compared (json, xml, point …). */
  of(alias: string): string;
  /** The same where its type needs a 64-bit hash: PostGIS has none for geometry. */
  hashed(alias: string): string;
}

/**
 * The hash of a whole row. It stands in manifests that may be older than this version, so it stays as it is where all types can be
 * hashed.
 */
export function rowHashSql(comparable: readonly ComparableColumn[], alias: string): string {
  const columns = comparable.map((column) => column.of(alias));
  const isWhole = columns.every((column) => !column.endsWith('::text'));
  return `hash_record(${isWhole ? alias : `row(${columns.join(', ')})`})::bigint`;
}

/** Columns that an INSERT may name, in a form that can be hashed and compared, whatever their type: by relation, of those that are there. */
export async function comparableColumnsOf(
  session: Session,
  relations: readonly string[],
): Promise<ReadonlyMap<string, ComparableColumn[]>> {
  const { rows } = await session.query<{ relation: string; name: string; hashable: boolean; extended: boolean }>(
    `with hashed as (select o.opcintype as type,
                            exists (select from pg_amproc p where p.amprocfamily = o.opcfamily and p.amprocnum = 2
                                      and p.amproclefttype = o.opcintype) as extended
                     from pg_opclass o join pg_am m on m.oid = o.opcmethod where m.amname = 'hash' and o.opcdefault),
     wide as (select type from hashed where extended)
     select c.relname as relation, a.attname as name,
            t.typtype = 'e' or t.typcategory = 'S' or t.oid in (select type from hashed) or t.typbasetype in (select type from hashed) as hashable,
            t.typtype = 'e' or t.typcategory = 'S' or t.oid in (select type from wide) or t.typbasetype in (select type from wide) as extended
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     join pg_type t on t.oid = a.atttypid
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) order by c.relname, a.attnum`,
    [relations],
  );
  const found = new Map<string, ComparableColumn[]>();
  for (const { relation, name, hashable, extended } of rows) {
    const columns = found.get(relation) ?? [];
    const as = (isNative: boolean) => (alias: string) => `${alias}.${ident(name)}${isNative ? '' : '::text'}`;
    columns.push({ name, of: as(hashable), hashed: as(extended) });
    found.set(relation, columns);
  }
  return found;
}

/** One value for all rows: their number, and the sum of the 64-bit hashes of these columns. */
export function fingerprintSql(relation: string, columns: readonly ComparableColumn[]): string {
  const row = columns.map((column) => column.hashed('t')).join(', ');
  return `select count(*) || ':' || coalesce(sum(hash_record_extended(row(${row}), 0)::numeric), 0) from public.${ident(relation)} t`;
}
