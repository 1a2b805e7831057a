import type { Session } from './database.ts';
import { ident } from './identifiers.ts';

/** Names of those of `names` that are relations of schema public, with their kind (r table, m materialized view, v view). */
export async function existing(session: Session, names: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await session.query<{ relname: string; relkind: string }>(
    `select relname, relkind from pg_class where relnamespace = 'public'::regnamespace and relname = any($1)`,
    [names],
  );
  return new Map(rows.map((row) => [row.relname, row.relkind]));
}

/** Columns that an INSERT may name, in order: generated ones are left out. */
export async function insertableColumns(session: Session, table: string): Promise<string[]> {
  const { rows } = await session.query<{ attname: string }>(
    `select attname from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [ident(table)],
  );
  return rows.map((row) => row.attname);
}

export interface IndexShape {
  name: string;
  /** Everything after `ON table`: equal for twins. */
  shape: string;
  /** Definition of the constraint that the index serves, `PRIMARY KEY (id)`, if any. */
  constraint: string | null;
}

/** Indexes of tables and materialized views, by relation, in creation order. */
export async function indexesOf(
  session: Session,
  relations: readonly string[],
): Promise<ReadonlyMap<string, IndexShape[]>> {
  const { rows } = await session.query<IndexShape & { relation: string }>(
    `select r.relname as relation, c.relname as name,
            case when i.indisunique then 'unique ' else '' end
              || regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON (ONLY )?.*? USING ', 'using ') as shape,
            pg_get_constraintdef(k.oid) as constraint
     from pg_index i
     join pg_class c on c.oid = i.indexrelid
     join pg_class r on r.oid = i.indrelid
     left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
     where r.relnamespace = 'public'::regnamespace and r.relname = any($1) and i.indisvalid
     order by i.indexrelid`,
    [relations],
  );
  return byName(rows, ({ relation }) => relation);
}

function byName<Row>(rows: readonly Row[], nameOf: (row: Row) => string): ReadonlyMap<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) found.set(nameOf(row), [...(found.get(nameOf(row)) ?? []), row]);
  return found;
}

export interface ForeignKey {
  name: string;
  table: string;
  referencedTable: string;
  definition: string;
}

/** Foreign keys that start at these tables, by table. */
export async function foreignKeysOf(
  session: Session,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ForeignKey[]>> {
  const { rows } = await session.query<ForeignKey>(
    `select k.conname as name, t.relname as table, r.relname as "referencedTable", pg_get_constraintdef(k.oid) as definition
     from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class r on r.oid = k.confrelid
     where k.contype = 'f' and t.relnamespace = 'public'::regnamespace and t.relname = any($1) order by k.conname`,
    [tables],
  );
  return byName(rows, ({ table }) => table);
}

export interface OwnedSequence {
  column: string;
  name: string;
  /** Identity columns bring a sequence of their own; a serial's default must be pointed at it. */
  identity: boolean;
  type: string;
}

export async function sequencesOf(session: Session, table: string): Promise<OwnedSequence[]> {
  const { rows } = await session.query<OwnedSequence>(
    `select a.attname as column, s.relname as name, d.deptype = 'i' as identity, format_type(q.seqtypid, null) as type
     from pg_depend d
     join pg_class s on s.oid = d.objid and s.relkind = 'S'
     join pg_sequence q on q.seqrelid = s.oid
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and d.deptype in ('a', 'i') and d.refobjid = $1::regclass
     order by a.attnum`,
    [ident(table)],
  );
  return rows;
}
