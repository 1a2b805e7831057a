import pg from 'pg';
import { portal } from '../../catalog/index.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, literal } from '../postgres/identifiers.ts';

/**
 * Links the live database to the portal: server, user mapping and foreign tables of the catalog's remote schemas. Again
 * with another address it re-points the server; foreign tables that are there stay, missing ones are added, and the
 * catalog's options are set on both.
 *
 * @param databaseUrl owner role of the live database
 * @param portalUrl read-only role of the portal's database
 * @throws ReleaseError PortalUnavailable when the portal does not answer or lets nobody in
 */
export async function linkPortal(databaseUrl: string, portalUrl: string): Promise<void> {
  const remote = new URL(portalUrl);
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'pp-release link' });
  await client.connect();
  try {
    await client.query('begin');
    await defineServer(client, remote);
    await client.query(`create schema if not exists ${ident(portal.localSchema)}`);
    for (const schema of portal.remoteSchemas) await importMissing(client, schema);
    for (const [table, options] of Object.entries(portal.tableOptions)) await setOptions(client, table, options);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the portal at ${remote.host}${remote.pathname} cannot be linked: ${reason}`;
    throw new ReleaseError('PortalUnavailable', message, { host: remote.host }, { cause: error });
  } finally {
    await client.end();
  }
}

async function defineServer(client: pg.Client, remote: URL): Promise<void> {
  const server = ident(portal.server);
  const options: Record<string, string> = {
    host: remote.hostname,
    port: remote.port || '5432',
    dbname: decodeURIComponent(remote.pathname.slice(1)),
    ...portal.serverOptions,
  };
  const { rows } = await client.query<{ options: string[] | null }>(
    `select srvoptions as options from pg_foreign_server where srvname = $1`,
    [portal.server],
  );
  const existing = rows[0];
  if (existing) {
    await client.query(`alter server ${server} options (${changedOptions(options, existing.options)})`);
  } else {
    await client.query(`create server ${server} foreign data wrapper postgres_fdw options (${optionList(options)})`);
  }
  const login = { user: decodeURIComponent(remote.username), password: decodeURIComponent(remote.password) };
  await client.query(`drop user mapping if exists for current_user server ${server}`);
  await client.query(`create user mapping for current_user server ${server} options (${optionList(login)})`);
}

/** Those that are there are SET, the others are ADDed. */
function changedOptions(options: Record<string, string>, present: string[] | null): string {
  const known = new Set((present ?? []).map((option) => option.slice(0, option.indexOf('='))));
  return optionList(options, (name) => (known.has(name) ? 'set ' : 'add '));
}

/** A portal without the table is the views' business: they name what is missing. */
async function setOptions(client: pg.Client, table: string, options: Record<string, string>): Promise<void> {
  const name = `${ident(portal.localSchema)}.${ident(table)}`;
  const { rows } = await client.query<{ options: string[] | null }>(
    'select ftoptions as options from pg_foreign_table where ftrelid = to_regclass($1)',
    [name],
  );
  const [found] = rows;
  if (found) await client.query(`alter foreign table ${name} options (${changedOptions(options, found.options)})`);
}

function optionList(options: Record<string, string>, verb: (name: string) => string = () => ''): string {
  return Object.entries(options)
    .map(([name, value]) => `${verb(name)}${name} ${literal(value)}`)
    .join(', ');
}

async function importMissing(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ relname: string }>(
    `select c.relname from pg_class c where c.relnamespace = $1::regnamespace and c.relkind = 'f'`,
    [portal.localSchema],
  );
  const except = rows.length > 0 ? `except (${rows.map((row) => ident(row.relname)).join(', ')})` : '';
  await client.query(
    `import foreign schema ${ident(schema)} ${except} from server ${ident(portal.server)} into ${ident(portal.localSchema)}`,
  );
}
