import { downloadsView, tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError, someOf } from '../postgres/errors.ts';
import { LEDGER } from './names.ts';
import { strangersInStaging } from './room.ts';
import { ALL_COLUMNS, writtenColumns } from './written_columns.ts';

/**
 * What would refuse this release later and can be known before anything is made: strangers under the names that staging needs,
 * live relations that this role cannot replace, columns of live that new rows could not fill.
 *
 * @returns a sentence for each, with what to do
 */
export async function obstacles(session: Session): Promise<string[]> {
  return [
    ...(await strangersInStaging(session)),
    ...(await foreignOwners(session)),
    ...(await columnsWithoutValue(session)),
  ];
}

/** @throws ReleaseError PreflightFailed naming all of them; nothing has changed */
export async function requireNoObstacles(session: Session): Promise<void> {
  const found = await obstacles(session);
  if (found.length > 0) throw new ReleaseError('PreflightFailed', someOf(found), { obstacles: found });
}

/** The twin of a live relation gets live's owner: this role has to be a member, and the owner may have to create. */
async function foreignOwners(session: Session): Promise<string[]> {
  const names = [...tables.map(({ name }) => name), ...views.map(({ name }) => name), downloadsView, LEDGER];
  const { rows } = await session.query<{ names: string[]; owner: string; member: boolean }>(
    `select array_agg(c.relname::text order by c.relname) as names, pg_get_userbyid(c.relowner) as owner,
            pg_has_role(c.relowner, 'usage') as member
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and c.relowner <> current_user::regrole
       and not (select rolsuper from pg_roles where rolname = current_user)
       and not (pg_has_role(c.relowner, 'usage') and has_schema_privilege(c.relowner, 'public', 'create'))
     group by c.relowner order by 2`,
    [names],
  );
  return rows.map(({ names: owned, owner, member }) => {
    const [first, ...others] = owned;
    const what = others.length > 0 ? `${first} and ${others.length} more` : `${first}`;
    return member
      ? `live ${what} is owned by ${owner}, who may not create in schema public: grant create on schema public to ${owner}`
      : `live ${what} is owned by ${owner}, and this role is no member of it: grant ${owner} to this role, or run as ${owner}`;
  });
}

/** A column that no importer writes has live's values; a row that is new with this release has none. */
async function columnsWithoutValue(session: Session): Promise<string[]> {
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
    .map(
      ({ table, column }) =>
        `live ${table}.${column} must not be null, has no default, and no importer writes it: give it a default, since new rows need a value`,
    );
}
