import type pg from 'pg';
import { portal } from '../../catalog/index.ts';
import { connect } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { isAddressOption, type PortalAddress, parsePortalAddress } from './address.ts';

/**
 * What the portal's session must have besides what postgres_fdw sets itself (search_path, timezone, DateStyle, IntervalStyle,
 * extra_float_digits). A policy of the portal that would hide rows from the reader ends the release; who means it says
 * `options=-c row_security=on` in the address.
 */
const REMOTE_SETTINGS = {
  row_security: 'off',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  gin_fuzzy_search_limit: '0',
};

/**
 * Links the live database to the portal: server, user mapping and foreign tables of the catalog's remote schemas. Again
 * with another address it re-points the server; foreign tables that are there stay, missing ones are added, and the
 * catalog's options are set on both.
 *
 * @param databaseUrl owner role of the live database
 * @param portalUrl read-only role of the portal's database
 * @returns whether PostgreSQL may have written the password to its log
 * @throws ReleaseError BadInput for an address that cannot be used; PortalUnavailable when the portal does not answer or
 *   lets nobody in
 */
export async function linkPortal(databaseUrl: string, portalUrl: string): Promise<{ mayBeLogged: boolean }> {
  const address = parsePortalAddress(portalUrl);
  const client = await connect(databaseUrl, 'pp-release link');
  try {
    await client.query('begin');
    const mayBeLogged = await defineServer(client, address);
    await client.query(`create schema if not exists ${ident(portal.localSchema)}`);
    for (const schema of portal.remoteSchemas) await importMissing(client, schema);
    for (const [table, options] of Object.entries(portal.tableOptions)) await setOptions(client, table, options);
    await client.query('commit');
    return { mayBeLogged };
  } catch (error) {
    await client.query('rollback');
    throw notLinked(address, error);
  } finally {
    await client.end();
  }
}

/** With PostgreSQL's own reason, which stands in the detail: a wrong password, a wrong host, no such database. */
function notLinked({ server, login }: PortalAddress, error: unknown): ReleaseError {
  const { message, detail } = error as { message?: string; detail?: string };
  const said = [message ?? String(error), detail].filter(Boolean).join(': ').replace(/\s+/g, ' ');
  const reason = login.password ? said.replaceAll(login.password, '…') : said;
  if (sqlstateOf(error) === SQLSTATE.fdwInvalidOptionName) {
    return new ReleaseError('BadInput', `the portal's address is not right: ${reason}`, {}, { cause: error });
  }
  const host = server.host ?? server.hostaddr ?? 'a socket of the database server';
  const where = `${server.dbname} at ${host}${server.port ? `, port ${server.port}` : ''}`;
  const text = `the portal (${where}) cannot be linked: ${reason}; the link is as it was`;
  return new ReleaseError('PortalUnavailable', text, { host, database: server.dbname }, { cause: error });
}

async function defineServer(client: pg.Client, { server: given, login }: PortalAddress): Promise<boolean> {
  const server = ident(portal.server);
  const options: Record<string, string> = { ...given, ...portal.serverOptions };
  // An empty one stands for a pooler, which takes no options at all.
  if (given.options === '') delete options.options;
  else options.options = remoteOptions(given.options);
  const { rows } = await client.query<{ options: string[] | null }>(
    `select srvoptions as options from pg_foreign_server where srvname = $1`,
    [portal.server],
  );
  const existing = rows[0];
  if (existing) {
    const left = namesOf(existing.options).filter((name) => isAddressOption(name) && !(name in options));
    const changes = [changedOptions(options, existing.options), ...left.map((name) => `drop ${ident(name)}`)];
    await client.query(`alter server ${server} options (${changes.join(', ')})`);
  } else {
    await client.query(`create server ${server} foreign data wrapper postgres_fdw options (${optionList(options)})`);
  }
  const mayBeLogged = await keepOutOfLog(client);
  await client.query(`drop user mapping if exists for current_user server ${server}`);
  await client.query(`create user mapping for current_user server ${server} options (${optionList(login)})`);
  return mayBeLogged;
}

function remoteOptions(given: string | undefined): string {
  const ours = Object.entries(REMOTE_SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  return [...ours, ...(given ? [given] : [])].join(' ');
}

/** The password stands in the next statement. Only a role that was granted so may say what the server logs. */
async function keepOutOfLog(client: pg.Client): Promise<boolean> {
  await client.query(
    `select set_config(name, value, true)
     from (values ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'),
                  ('log_transaction_sample_rate', '0'), ('log_min_error_statement', 'panic')) quiet (name, value)
     where has_parameter_privilege(name, 'set')`,
  );
  const { rows } = await client.query<{ logged: boolean }>(
    `select current_setting('log_statement') <> 'none' or current_setting('log_min_duration_statement') <> '-1' as logged`,
  );
  return rows[0]?.logged ?? false;
}

/** Those that are there are SET, the others are ADDed. */
function changedOptions(options: Record<string, string>, present: string[] | null): string {
  const known = new Set(namesOf(present));
  return optionList(options, (name) => (known.has(name) ? 'set ' : 'add '));
}

function namesOf(options: string[] | null): string[] {
  return (options ?? []).map((option) => option.slice(0, option.indexOf('=')));
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
    .map(([name, value]) => `${verb(name)}${ident(name)} ${literal(value)}`)
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
