import type { ReleasedTable } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { insertableColumns } from '../postgres/introspection.ts';

/** Fills a staging table with live's rows. @returns rows copied */
export async function copyLive(session: Session, table: ReleasedTable): Promise<number> {
  const columns = (await insertableColumns(session, table.name)).map(ident).join(', ');
  const { rowCount } = await session.query(
    `insert into ${ident(stagingName(table.name))} (${columns}) overriding system value select ${columns} from ${ident(table.name)}`,
  );
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
