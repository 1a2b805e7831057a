import type { ReleasedTable } from '../../catalog/index.ts';
import { type Generation, nameIn, STAGING } from '../generation/names.ts';
import type { Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { insertableColumns, sequencesOf } from '../postgres/introspection.ts';

/**
 * Statements that make the twin of a live table in another generation, without rows: columns, defaults, checks and comments as in
 * live, a sequence of its own, no indexes and keys yet.
 */
export async function makingTwin(session: Session, table: string, generation: Generation): Promise<string[]> {
  const twin = ident(nameIn(generation, table));
  const statements = [
    `create table ${twin} (like ${ident(table)} including all excluding indexes excluding statistics)`,
  ];
  // A serial's default is copied as it stands, and so would go on drawing from live's sequence, which belongs to live.
  for (const sequence of await sequencesOf(session, table)) {
    if (sequence.identity) continue;
    const name = ident(nameIn(generation, sequence.name));
    const column = ident(sequence.column);
    statements.push(
      `create sequence ${name} as ${sequence.type} owned by ${twin}.${column}`,
      `alter table ${twin} alter column ${column} set default nextval(${literal(name)}::regclass)`,
    );
  }
  return statements;
}

/** The statement that fills it with live's rows. */
export async function copying(session: Session, table: string, generation: Generation): Promise<string> {
  const columns = (await insertableColumns(session, table)).map(ident).join(', ');
  return `insert into ${ident(nameIn(generation, table))} (${columns}) overriding system value select ${columns} from ${ident(table)}`;
}

/** Fills a staging table with live's rows. @returns rows copied */
export async function copyLive(session: Session, table: ReleasedTable): Promise<number> {
  const { rowCount } = await session.query(await copying(session, table.name, STAGING));
  return rowCount ?? 0;
}

/**
 * Foreign keys to and from the tables: an earlier run may have added them already, and then TRUNCATE refuses, or rows do not fit
 * until they are mended. They are added again before the swap.
 */
export async function dropKeysOf(session: Session, staging: readonly string[]): Promise<void> {
  const { rows } = await session.query<{ name: string; referencing: string }>(
    `select conname as name, conrelid::regclass::text as referencing from pg_constraint
     where contype = 'f' and (confrelid = any($1::regclass[]) or conrelid = any($1::regclass[]))`,
    [staging.map(ident)],
  );
  for (const { name, referencing } of rows) {
    await session.query(`alter table ${referencing} drop constraint ${ident(name)}`);
  }
}
