import { downloadsView, portal, readByReleases, statisticsViews, tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';
import type { Finding } from './finding.ts';

interface Place {
  role: string;
  database: string;
  isSuperuser: boolean;
  /** Owner of the released tables, as far as they are there; else the role itself. */
  owner: string;
  ownerIsSuperuser: boolean;
  mayCreateSchemas: boolean;
  /** Owner of schema pp_release, where it is not the role's. */
  recordsOf: string | null;
}

/** Released relations and those beside them that a release changes, renames or re-points. */
const CHANGED: readonly string[] = [
  ...tables.map(({ name }) => name),
  ...views.map(({ name }) => name),
  ...[downloadsView, 'releases', 'release_events'],
  ...statisticsViews.names,
];

/**
 * Rights that the role lacks for migrations and releases, all at once. A member of an owner may do what the owner may, so that a
 * role of its own needs no table to change hands, and the website keeps what it has.
 *
 * @param others relations of the old system that are to be recorded: its backups, and what it has left in staging
 */
export async function missingRights(session: Session, others: readonly string[] = []): Promise<Finding[]> {
  const place = await readPlace(session);
  if (place.isSuperuser) return [];
  return [
    ...inDatabase(place),
    ...(await extensions(session)),
    ...(await ofOwners(session, place, [...CHANGED, ...others])),
    ...(await onTables(session, place)),
    ...(await onLink(session, place)),
  ];
}

async function readPlace(session: Session): Promise<Place> {
  const { rows } = await session.query<Place>(
    `select current_user as role, current_database() as database, r.rolsuper as "isSuperuser",
            coalesce(pg_get_userbyid(o.relowner), current_user) as owner,
            coalesce((select rolsuper from pg_roles where oid = o.relowner), false) as "ownerIsSuperuser",
            to_regnamespace('pp_release') is not null or has_database_privilege(current_database(), 'create') as "mayCreateSchemas",
            (select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'pp_release' and not pg_has_role(nspowner, 'usage')) as "recordsOf"
     from pg_roles r
     left join lateral (
       select relowner from pg_class where relnamespace = 'public'::regnamespace and relname = any($1)
       group by 1 order by count(*) desc limit 1) o on true
     where r.rolname = current_user`,
    [tables.map(({ name }) => name)],
  );
  const [place] = rows;
  if (!place) throw new Error('the current role is not in pg_roles');
  return place;
}

function inDatabase({ role, database, mayCreateSchemas, recordsOf }: Place): Finding[] {
  if (recordsOf !== null) {
    const message = `schema pp_release, with the records of releases, is owned by ${recordsOf}, and role ${role} is no member of it`;
    return [{ id: 'rights-owner', acts: 'dba', message, statements: [`grant ${ident(recordsOf)} to ${ident(role)}`] }];
  }
  if (mayCreateSchemas) return [];
  return [
    {
      id: 'rights-database',
      acts: 'dba',
      message: `role ${role} may create no schema in database ${database}, and the records of releases have one of their own, pp_release`,
      statements: [`grant create on database ${ident(database)} to ${ident(role)}`],
    },
  ];
}

async function extensions(session: Session): Promise<Finding[]> {
  const { rows } = await session.query<{ name: string }>(
    `select name from unnest(array['postgis', 'postgres_fdw']) name where not exists (select from pg_extension where extname = name)`,
  );
  return rows.map(({ name }) => ({
    id: 'rights-extension',
    acts: 'dba',
    message: `extension ${name} is not there`,
    statements: [`create extension ${ident(name)}`],
  }));
}

const KEYWORD: Readonly<Record<string, string>> = { r: 'table', m: 'materialized view', v: 'view' };

/** Only an owner renames, drops and re-points; and what is made for it has to be made in schema public. */
async function ofOwners(
  session: Session,
  { role, owner: target }: Place,
  names: readonly string[],
): Promise<Finding[]> {
  const { rows } = await session.query<{
    owner: string;
    superuser: boolean;
    member: boolean;
    creates: boolean;
    relations: { name: string; kind: string }[];
  }>(
    `select pg_get_userbyid(c.relowner) as owner, o.rolsuper as superuser, pg_has_role(c.relowner, 'usage') as member,
            has_schema_privilege(c.relowner, 'public', 'create') as creates,
            json_agg(json_build_object('name', c.relname, 'kind', c.relkind) order by c.relname) as relations
     from pg_class c join pg_roles o on o.oid = c.relowner
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and c.relkind in ('r', 'm', 'v')
     group by c.relowner, o.rolsuper order by 1`,
    [names],
  );
  const found: Finding[] = [];
  for (const { owner, superuser, member, creates, relations } of rows) {
    const [first, ...more] = relations.map(({ name }) => name);
    const what = more.length > 0 ? `${first} and ${more.length} more` : `${first}`;
    if (!member && superuser) {
      const heir = owner === target ? role : target;
      found.push({
        id: 'rights-superuser-owned',
        acts: 'dba',
        message: `${what} are owned by the superuser ${owner}, and only an owner may rename, drop or re-point them`,
        statements: relations.map(
          ({ name, kind }) => `alter ${KEYWORD[kind] ?? 'table'} public.${ident(name)} owner to ${ident(heir)}`,
        ),
      });
    } else if (!member) {
      found.push({
        id: 'rights-owner',
        acts: 'dba',
        message: `${what} are owned by ${owner}, and role ${role} is no member of it: only an owner or a member may rename, drop or re-point them`,
        statements: [`grant ${ident(owner)} to ${ident(role)}`],
      });
    }
    if (!superuser && !creates) found.push(noCreate(owner));
  }
  if (!(await mayCreate(session)) && !found.some(({ id }) => id === 'rights-schema')) found.push(noCreate(role));
  return found;
}

const noCreate = (role: string): Finding => ({
  id: 'rights-schema',
  acts: 'dba',
  message: `role ${role} may not create in schema public, where releases make their staging`,
  statements: [`grant create on schema public to ${ident(role)}`],
});

async function mayCreate(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ may: boolean }>(`select has_schema_privilege('public', 'create') as may`);
  return rows[0]?.may ?? false;
}

async function onTables(session: Session, { role }: Place): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name, rights } of readByReleases) {
    const { rows } = await session.query<{ owner: string; member: boolean; may: boolean }>(
      `select pg_get_userbyid(relowner) as owner, pg_has_role(relowner, 'usage') as member,
              (select bool_and(has_table_privilege(c.oid, trim(one))) from unnest(string_to_array($2, ',')) one) as may
       from pg_class c where relnamespace = 'public'::regnamespace and relname = $1`,
      [name, rights],
    );
    const [row] = rows;
    if (!row || row.may) continue;
    found.push({
      id: 'rights-table',
      acts: 'dba',
      message: `role ${role} lacks ${rights} on ${name} (owner ${row.owner}), which releases look up`,
      statements: [`grant ${rights} on public.${ident(name)} to ${ident(role)}`],
    });
  }
  return found;
}

/** The link may have been made by a superuser, years ago: its options are changed by its owner only. */
async function onLink(session: Session, { role, owner, ownerIsSuperuser }: Place): Promise<Finding[]> {
  const heir = ident(ownerIsSuperuser ? role : owner);
  const { rows } = await session.query<{
    server: { owner: string; usable: boolean } | null;
    wrapper: boolean;
    schema: { owner: string; usable: boolean } | null;
    owned: string[];
    unread: number;
  }>(
    `select (select json_build_object('owner', pg_get_userbyid(srvowner), 'usable', pg_has_role(srvowner, 'usage'))
             from pg_foreign_server where srvname = $1) as server,
            coalesce((select has_foreign_data_wrapper_privilege(oid, 'usage') from pg_foreign_data_wrapper where fdwname = 'postgres_fdw'), true) as wrapper,
            (select json_build_object('owner', pg_get_userbyid(nspowner), 'usable', pg_has_role(nspowner, 'usage'))
             from pg_namespace where nspname = $2) as schema,
            array(select c.relname::text from pg_class c where c.relnamespace = to_regnamespace($2) and c.relkind = 'f'
                    and c.relname = any($3) and not pg_has_role(c.relowner, 'usage') order by 1) as owned,
            (select count(*)::int from pg_class c where c.relnamespace = to_regnamespace($2) and c.relkind = 'f'
               and not has_table_privilege(c.oid, 'select')) as unread`,
    [portal.server, portal.localSchema, Object.keys(portal.tableOptions)],
  );
  const [link] = rows;
  if (!link) return [];
  const found: Finding[] = [];
  if (!link.server && !link.wrapper)
    found.push({
      id: 'rights-wrapper',
      acts: 'dba',
      message: `role ${role} may not use postgres_fdw, by which the portal is read`,
      statements: [`grant usage on foreign data wrapper postgres_fdw to ${ident(role)}`],
    });
  if (link.server && !link.server.usable)
    found.push({
      id: 'rights-server',
      acts: 'dba',
      message: `server ${portal.server} is owned by ${link.server.owner}, and only its owner may set its address and options`,
      statements: [`alter server ${ident(portal.server)} owner to ${heir}`],
    });
  if (link.schema && !link.schema.usable)
    found.push({
      id: 'rights-portal-schema',
      acts: 'dba',
      message: `schema ${portal.localSchema} is owned by ${link.schema.owner}, and foreign tables that are missing are made there`,
      statements: [`alter schema ${ident(portal.localSchema)} owner to ${heir}`],
    });
  if (link.owned.length > 0 || link.unread > 0)
    found.push({
      id: 'rights-portal-tables',
      acts: 'dba',
      message: `foreign tables of ${portal.localSchema} are another role's: ${[
        ...(link.owned.length > 0 ? [`options of ${link.owned.join(', ')} are set by its owner`] : []),
        ...(link.unread > 0 ? [`${link.unread} cannot be read`] : []),
      ].join(', ')}`,
      statements: [
        ...link.owned.map((name) => `alter foreign table ${ident(portal.localSchema)}.${ident(name)} owner to ${heir}`),
        ...(link.unread > 0 ? [`grant select on all tables in schema ${ident(portal.localSchema)} to ${heir}`] : []),
      ],
    });
  return found;
}
