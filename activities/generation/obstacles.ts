import { downloadsView, portal, tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError, someOf } from '../postgres/errors.ts';
import { ident } from '../postgres/identifiers.ts';
import { foreignTablesRead } from './foreign_tables.ts';
import { LEDGER } from './names.ts';
import { strangersInStaging } from './room.ts';
import { ALL_COLUMNS, writtenColumns } from './written_columns.ts';

/** What an obstacle is about: a DBA looks at ownership, a developer at columns. */
export type ObstacleGroup = 'names' | 'ownership' | 'portal' | 'columns' | 'shape' | 'dependents';

export interface Obstacle {
  group: ObstacleGroup;
  /** A sentence with what to do. */
  text: string;
  /** Statements that mend it, where there is only one way; those of ownership and portal are a DBA's. */
  remedy?: readonly string[];
}

/**
 * What would refuse this release later and can be known before anything is made: strangers under the names that staging needs,
 * live relations that this role cannot replace, columns of live that new rows could not fill or that importers look for in vain,
 * foreign tables that may not be read.
 */
export async function obstacles(session: Session): Promise<Obstacle[]> {
  return [
    ...inGroup('names', await strangersInStaging(session)),
    ...(await foreignOwners(session)),
    ...(await unreadableForeignTables(session)),
    ...(await columnsWithoutValue(session)),
    ...inGroup('columns', await columnsWithoutPlace(session)),
  ];
}

export const inGroup = (group: ObstacleGroup, texts: readonly string[]): Obstacle[] =>
  texts.map((text) => ({ group, text }));

/** @throws ReleaseError PreflightFailed naming all of them; nothing has changed */
export async function requireNoObstacles(session: Session): Promise<void> {
  refuseFor(await obstacles(session));
}

/**
 * The first few by group; all of them are in the facts.
 *
 * @throws ReleaseError PreflightFailed if there are any
 */
export function refuseFor(found: readonly Obstacle[]): void {
  if (found.length === 0) return;
  const groups: Partial<Record<ObstacleGroup, string[]>> = {};
  for (const { group, text } of found) groups[group] = [...(groups[group] ?? []), text];
  const told = Object.entries(groups).map(([group, members]) => `${group}: ${someOf(members)}`);
  throw new ReleaseError('PreflightFailed', told.join('; '), { obstacles: groups });
}

/** The twin of a live relation gets live's owner: this role has to be a member, and the owner may have to create. */
async function foreignOwners(session: Session): Promise<Obstacle[]> {
  const names = [...tables.map(({ name }) => name), ...views.map(({ name }) => name), downloadsView, LEDGER];
  const { rows } = await session.query<{
    names: string[];
    owner: string;
    me: string;
    member: boolean;
    creates: boolean;
    superuser: boolean;
  }>(
    `select array_agg(c.relname::text order by c.relname) as names, pg_get_userbyid(c.relowner) as owner, current_user as me,
            pg_has_role(c.relowner, 'usage') as member,
            has_schema_privilege(c.relowner, 'public', 'create') as creates, bool_or(o.rolsuper) as superuser
     from pg_class c join pg_roles o on o.oid = c.relowner
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and c.relowner <> current_user::regrole
       and not (select rolsuper from pg_roles where rolname = current_user)
       and not (pg_has_role(c.relowner, 'usage') and has_schema_privilege(c.relowner, 'public', 'create'))
     group by c.relowner order by 2`,
    [names],
  );
  return rows.map(({ names: owned, owner, me, member, creates, superuser }) => {
    const [first, ...others] = owned;
    const what = others.length > 0 ? `${first} and ${others.length} more` : `${first}`;
    if (superuser) {
      // A member of a superuser may do all that it may.
      const remedy = owned.map((name) => `alter table public.${ident(name)} owner to ${ident(me)}`);
      return {
        group: 'ownership',
        text: `live ${what} is owned by superuser ${owner}: ${someOf(remedy)}`,
        remedy,
      };
    }
    const remedy = [
      ...(member ? [] : [`grant ${ident(owner)} to ${ident(me)}`]),
      ...(creates ? [] : [`grant usage, create on schema public to ${ident(owner)}`]),
    ];
    const text = member
      ? `live ${what} is owned by ${owner}, who may not create in schema public: ${remedy}`
      : `live ${what} is owned by ${owner}, and ${me} is no member of it: ${remedy.join('; ')}, or run as ${owner}`;
    return { group: 'ownership', text, remedy };
  });
}

/** A column that no importer writes has live's values; a row that is new with this release has none. */
async function columnsWithoutValue(session: Session): Promise<Obstacle[]> {
  const { rows } = await session.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1)
       and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attgenerated = '' order by 1, 2`,
    [tables.map(({ name }) => name)],
  );
  return rows
    .filter(({ table, column }) => {
      const written = writtenColumns().get(table);
      return written && !written.has(ALL_COLUMNS) && !written.has(column);
    })
    .map(({ table, column }) => ({
      group: 'columns',
      text: `live ${table}.${column} must not be null, has no default, and no importer writes it: give it a default, since new rows need a value`,
      remedy: [`alter table public.${ident(table)} alter column ${ident(column)} drop not null`],
    }));
}

/** Views read them as this role, through its user mapping. */
async function unreadableForeignTables(session: Session): Promise<Obstacle[]> {
  const { rows } = await session.query<{ names: string[]; owner: string; me: string; usable: boolean }>(
    `select array_agg(c.relname::text order by c.relname) as names, pg_get_userbyid(c.relowner) as owner, current_user as me,
            has_schema_privilege(c.relnamespace, 'usage') as usable
     from pg_class c
     where c.relkind = 'f' and c.relnamespace = to_regnamespace($1) and c.relname = any($2)
       and not (has_schema_privilege(c.relnamespace, 'usage') and has_table_privilege(c.oid, 'select'))
     group by c.relowner, c.relnamespace order by 2`,
    [portal.localSchema, foreignTablesRead()],
  );
  return rows.map(({ names, owner, me, usable }) => {
    const [first, ...others] = names;
    const what = others.length > 0 ? `${first} and ${others.length} more` : `${first}`;
    const remedy = [
      ...(usable ? [] : [`grant usage on schema ${portal.localSchema} to ${ident(me)}`]),
      `grant select on all tables in schema ${portal.localSchema} to ${ident(me)}`,
    ];
    const text = `foreign table ${what} (owner ${owner}) may not be read by ${me}: ${remedy.join('; ')}`;
    return { group: 'portal', text, remedy };
  });
}

/** Columns that an importer writes and live lacks: a database that was made by others may be older than the catalog. */
async function columnsWithoutPlace(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ table: string; columns: string[] }>(
    `select c.relname as table, array_agg(a.attname::text) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) group by 1 order by 1`,
    [tables.map(({ name }) => name)],
  );
  return rows.flatMap(({ table, columns }) => {
    const lacking = [...(writtenColumns().get(table) ?? [])].filter(
      (column) => column !== ALL_COLUMNS && !columns.includes(column),
    );
    return lacking.map(
      (column) =>
        `live ${table} has no column ${column}, which an importer writes: add it, as catalog/migrations has it`,
    );
  });
}
