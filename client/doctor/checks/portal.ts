import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { obstacles } from '../../../activities/generation/obstacles.ts';
import { parsePortalAddress } from '../../../activities/portal/address.ts';
import { ReleaseError, SQLSTATE, someOf, sqlstateOf } from '../../../activities/postgres/errors.ts';
import { ident, literal } from '../../../activities/postgres/identifiers.ts';
import { portal, unusableValues, VIEWS_DIR, views } from '../../../catalog/index.ts';
import { failed, group, ok, type Remedy, skipped, some, warning } from '../check.ts';
import { dbaSql, portalSql, sql } from '../shell.ts';
import { fact, type Surroundings } from '../surroundings.ts';
import { readRole } from './database/access.ts';

/** Variables that may hold the portal's address: the one of README and docs/database.md, and the private stack's. */
const ADDRESS_VARIABLES = ['PORTAL_URL', 'PP_PORTAL_READER_URL'] as const;

const addressVariable = ({ place }: Surroundings) => ADDRESS_VARIABLES.find((name) => place.environment[name]);

/** Makes server, user mapping and missing foreign tables, or points them at the address. */
export function link(here: Surroundings, before: readonly string[] = []): Remedy {
  const variable = addressVariable(here);
  return {
    commands: [...before, `pp-release migrate --portal-env ${variable ?? 'PORTAL_URL'}`],
    ...(variable === undefined && {
      note: 'PORTAL_URL has to hold the address: read -rs PORTAL_URL && export PORTAL_URL (postgresql://portal_reader:…@host:5432/portal)',
    }),
  };
}

export const portalChecks = group(['database.answers', 'database.pooler', 'database.settings', 'portal.server'], {
  'portal.server': {
    title: 'the live database is linked to the portal',
    expected: `foreign server ${portal.server}`,
    why: 'A release reads everything from the portal through it.',
    async look(here) {
      const server = await readServer(here);
      return server
        ? ok(`${server.options.dbname ?? 'a database'} at ${whereIs(server.options)}`)
        : failed('there is no such server', link(here));
    },
  },
  'portal.server_owner': {
    title: 'the link is ours',
    expected: 'the foreign server is owned by the role, or by one that it is a member of',
    why: 'migrate could not change it to another address or password.',
    async look(here) {
      const server = await readServer(here);
      const { role } = await readRole(here);
      if (server?.isOurs) return ok(`owned by ${server.owner}`);
      return failed(`owned by ${server?.owner}`, {
        as: 'dba',
        commands: [dbaSql(`alter server ${ident(portal.server)} owner to ${ident(role)}`)],
      });
    },
  },
  'portal.user_mapping': {
    title: 'the link has a login',
    expected: `a user mapping of the role for ${portal.server}`,
    why: "It holds the reader's name and password; PostgreSQL asks the portal for nothing without it.",
    async look(here) {
      const reader = await readReader(here);
      const { role } = await readRole(here);
      return reader ? ok(`${role} is ${reader} there`) : failed(`${role} has none`, link(here));
    },
  },
  'portal.options': {
    title: 'the portal is read in good portions',
    expected: 'the options that the catalog gives the server and its tables',
    why: 'With small portions a release takes many times as long; with large ones of geometry it takes gigabytes of memory.',
    async look(here) {
      const statements = await optionChanges(here);
      if (statements.length === 0) return ok('they are as in the catalog');
      return warning(some(statements.map(({ seen }) => seen)), {
        commands: [sql(...statements.map((one) => one.sql))],
      });
    },
  },
  'portal.address': {
    title: 'the link goes to the address that this shell names',
    expected: `the address in ${ADDRESS_VARIABLES.join(' or ')}`,
    why: 'A link that was made for a test portal publishes its rows without a word.',
    needs: ['portal.user_mapping'],
    async look(here) {
      const variable = addressVariable(here);
      const text = variable && here.place.environment[variable];
      if (!text) return skipped('PORTAL_URL is not set, so there is nothing to compare with');
      const differences = await addressDifferences(here, text);
      return differences.length === 0 ? ok(`as in ${variable}`) : failed(differences.join('; '), link(here));
    },
  },
  'portal.tables': {
    title: 'the foreign tables are complete',
    expected: `every table that the staging views read, in schema ${portal.localSchema}`,
    why: 'A view that reads a missing table ends the release in its second phase.',
    async look(here) {
      const { needed, present } = await readForeignTables(here);
      const missing = needed.filter((name) => !present.has(name));
      if (missing.length === 0) return ok(`${needed.length} are there`);
      return failed(`missing: ${some(missing)}`, link(here));
    },
  },
  'portal.local_rights': {
    title: 'the role may read the foreign tables',
    expected: `right SELECT on each of them, and USAGE on schema ${portal.localSchema}`,
    why: 'Foreign tables that another role has made are closed to ours, whatever the portal allows.',
    needs: ['portal.tables'],
    async look(here) {
      const found = (await obstacles(await here.session())).filter((one) => one.group === 'portal');
      const { role } = await readRole(here);
      if (found.length === 0) return ok(`${role} may`);
      const grants = found.flatMap(({ remedy = [] }) => remedy);
      return failed(someOf(found.map(({ text }) => text)), { as: 'dba', commands: [dbaSql(...grants)] });
    },
  },
  'portal.answers': {
    title: 'the portal answers',
    expected: 'a row, or none, over the foreign server',
    why: 'A release waits for the portal, tries again, and stands still meanwhile.',
    needs: ['portal.user_mapping', 'portal.local_rights'],
    async look(here) {
      const error = await firstFault(here);
      const server = await readServer(here);
      if (!error || sqlstateOf(error) !== SQLSTATE.fdwUnableToEstablishConnection)
        return ok(`${whereIs(server?.options ?? {})} answers`);
      const { detail } = error as { detail?: string };
      return failed((detail ?? error.message).replace(/\s+/g, ' ').trim(), {
        ...link(here),
        note: 'start the portal, or open the way to it from the database server; the command points the link at another address, or gives it another password',
      });
    },
  },
  'portal.rights': {
    title: "the portal's tables may be read",
    expected: 'the reader has SELECT on each table, and USAGE on its schema',
    why: 'A release needs all of them, and fails at the first that is refused.',
    needs: ['portal.answers'],
    async look(here) {
      const refused = (await probeTables(here)).filter(({ state }) => state === SQLSTATE.insufficientPrivilege);
      if (refused.length === 0) return ok('the reader may read all');
      const reader = await readReader(here);
      const schemas = [...new Set(refused.map(({ remoteSchema }) => remoteSchema))];
      return failed(`refused: ${some(refused.map(({ name }) => name))}`, {
        as: 'portal owner',
        commands: [
          portalSql(
            `grant usage on schema ${schemas.map(ident).join(', ')} to ${ident(reader ?? '')}`,
            `grant select on ${refused.map((one) => `${ident(one.remoteSchema)}.${ident(one.remoteName)}`).join(', ')} to ${ident(reader ?? '')}`,
          ),
        ],
      });
    },
  },
  'portal.foreign_tables': {
    title: 'the foreign tables are as in the portal',
    expected: 'each column of a foreign table is in the portal',
    why: 'The portal was changed after the link was made: what reads such a table fails.',
    needs: ['portal.answers'],
    async look(here) {
      const wrong = (await probeTables(here)).filter(
        ({ state }) => state !== undefined && state !== SQLSTATE.insufficientPrivilege,
      );
      if (wrong.length === 0) return ok('they are');
      return failed(
        some(wrong.map(({ name, message }) => `${name}: ${message}`)),
        again(
          here,
          wrong.map(({ name }) => name),
        ),
      );
    },
  },
  'portal.columns': {
    title: 'the staging views find their columns',
    expected: 'each column that a view reads is in its foreign table',
    why: 'The view would end the release in its second phase.',
    needs: ['portal.tables'],
    async look(here) {
      const faults = await viewFaults(here);
      if (faults.length === 0) return ok(`${views.length + 1} views find theirs`);
      return failed(
        some(faults.map(({ view, message }) => `${view}: ${message}`)),
        again(here, [...new Set(faults.flatMap(({ suspects }) => suspects))]),
      );
    },
  },
});

/** Foreign tables are made anew as the portal has them now. */
function again(here: Surroundings, names: readonly string[]): Remedy {
  if (names.length === 0)
    return { commands: [], note: 'the portal has to get the column back, or the view another text' };
  const tables = names.map((name) => `${ident(portal.localSchema)}.${ident(name)}`);
  const remedy = link(here, [sql(`drop foreign table ${tables.join(', ')}`)]);
  return { ...remedy, note: 'staging views of a parked release read them: abort or finish it first' };
}

interface Server {
  owner: string;
  isOurs: boolean;
  options: Record<string, string>;
}

const readServer = fact(async (here): Promise<Server | undefined> => {
  const [row] = await here.rows<{ owner: string; is_ours: boolean; options: string[] | null }>(
    `select pg_get_userbyid(srvowner)::text as owner, pg_has_role(srvowner, 'usage') as is_ours, srvoptions as options
     from pg_foreign_server where srvname = $1`,
    [portal.server],
  );
  return row && { owner: row.owner, isOurs: row.is_ours, options: optionsOf(row.options) };
});

function optionsOf(options: readonly string[] | null): Record<string, string> {
  return Object.fromEntries(
    (options ?? []).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
  );
}

const whereIs = ({ host, hostaddr, port }: Record<string, string>) =>
  `${host ?? hostaddr ?? 'a socket of the database server'}${port ? `, port ${port}` : ''}`;

/** The portal's role that ours is there. */
const readReader = fact(async (here): Promise<string | undefined> => {
  const [row] = await here.rows<{ options: string[] | null }>(
    `select umoptions as options from pg_user_mappings where srvname = $1 and (usename = current_user or umuser = 0)
     order by umuser desc limit 1`,
    [portal.server],
  );
  return row && (optionsOf(row.options).user ?? 'a role without a name');
});

async function addressDifferences(here: Surroundings, text: string): Promise<string[]> {
  try {
    const { server, login } = parsePortalAddress(text);
    const linked = (await readServer(here))?.options ?? {};
    const named = ['host', 'hostaddr', 'port', 'dbname'].filter(
      (name) => (server[name] ?? '') !== (linked[name] ?? ''),
    );
    const reader = await readReader(here);
    return [
      ...named.map((name) => `${name} is ${linked[name] ?? 'not set'}, not ${server[name] ?? 'empty'}`),
      ...(reader === login.user ? [] : [`the reader is ${reader}, not ${login.user}`]),
    ];
  } catch (error) {
    if (error instanceof ReleaseError) return [error.message];
    throw error;
  }
}

/** What differs from the catalog, and the statement that puts it right. */
async function optionChanges(here: Surroundings): Promise<{ seen: string; sql: string }[]> {
  const found: { seen: string; sql: string }[] = [];
  const compare = (what: string, name: string, wanted: Record<string, string>, present: Record<string, string>) => {
    for (const [option, value] of Object.entries(wanted)) {
      if (present[option] === value) continue;
      const verb = option in present ? 'set' : 'add';
      found.push({
        seen: `${option} of ${name} is ${present[option] ?? 'not set'}, not ${value}`,
        sql: `alter ${what} ${name} options (${verb} ${ident(option)} ${literal(value)})`,
      });
    }
  };
  compare('server', ident(portal.server), portal.serverOptions, (await readServer(here))?.options ?? {});
  const { present } = await readForeignTables(here);
  for (const [name, wanted] of Object.entries(portal.tableOptions)) {
    const options = present.get(name);
    if (options) compare('foreign table', `${ident(portal.localSchema)}.${ident(name)}`, wanted, options);
  }
  return found;
}

/** The texts of the views that read the portal, by name; what they read of each other is put into them. */
const readViews = fact(async () => {
  const names = [...views.map(({ name }) => name), unusableValues];
  const texts = new Map<string, string>();
  for (const name of names) texts.set(name, await readFile(`${VIEWS_DIR}${name}.sql`, 'utf8'));
  return texts;
});

/** Foreign tables that the views read, and those that are there with their options. */
const readForeignTables = fact(async (here) => {
  const texts = [...(await readViews(here)).values()];
  const reads = new RegExp(`\\b${portal.localSchema}\\.(\\w+)`, 'g');
  const needed = [...new Set(texts.flatMap((text) => [...text.matchAll(reads)].map(([, name]) => name ?? '')))].sort();
  const rows = await here.rows<{ name: string; options: string[] | null }>(
    `select c.relname::text as name, t.ftoptions as options from pg_foreign_table t join pg_class c on c.oid = t.ftrelid
     where c.relnamespace = to_regnamespace($1)`,
    [portal.localSchema],
  );
  return { needed, present: new Map(rows.map(({ name, options }) => [name, optionsOf(options)])) };
});

interface Probed {
  name: string;
  remoteSchema: string;
  remoteName: string;
  /** SQLSTATE, and what PostgreSQL said; nothing where a row could be read. */
  state: string | undefined;
  message: string;
}

/** Reads a row of the foreign table, all its columns, and gives the fault. */
async function probe(here: Surroundings, name: string): Promise<Error | undefined> {
  const table = `${ident(portal.localSchema)}.${ident(name)}`;
  try {
    await here.rows(`select count(one) from (select * from ${table} limit 1) one`);
    return undefined;
  } catch (error) {
    if (sqlstateOf(error) === undefined || sqlstateOf(error) === SQLSTATE.queryCanceled) throw error;
    return error as Error;
  }
}

const firstFault = fact(async (here) => {
  const { needed } = await readForeignTables(here);
  return probe(here, needed[0] ?? '');
});

const probeTables = fact(async (here): Promise<Probed[]> => {
  const { needed, present } = await readForeignTables(here);
  const probed: Probed[] = [];
  for (const name of needed) {
    const error = await probe(here, name);
    const options = present.get(name) ?? {};
    probed.push({
      name,
      remoteSchema: options.schema_name ?? 'public',
      remoteName: options.table_name ?? name,
      state: error && sqlstateOf(error),
      message: error?.message ?? '',
    });
  }
  return probed;
});

/** Views that PostgreSQL cannot read, and the foreign tables that the message may mean. */
async function viewFaults(here: Surroundings): Promise<{ view: string; message: string; suspects: string[] }[]> {
  const texts = await readViews(here);
  const faults: { view: string; message: string; suspects: string[] }[] = [];
  for (const [view, text] of texts) {
    const whole = text.replace(/\bstaging_(portal_\w+)/g, (_, name: string) => `(${texts.get(name) ?? ''}\n)`);
    const statement = `prepare doctor as\n${whole}`;
    try {
      await here.rows(statement);
      await here.rows('deallocate doctor');
    } catch (error) {
      // Class 42: the text does not fit what is there.
      if (!sqlstateOf(error)?.startsWith('42')) throw error;
      const { message, position } = error as pg.DatabaseError;
      // The place in the text, whatever language the message has: that of ALIAS.COLUMN.
      const [, alias] = /^"?(\w+)"?\./.exec(statement.slice(Number(position) - 1)) ?? [];
      const reads = new RegExp(`\\b${portal.localSchema}\\.(\\w+)\\s+(?:as\\s+)?${alias}\\b`, 'g');
      faults.push({ view, message, suspects: [...whole.matchAll(reads)].map(([, name]) => name ?? '') });
    }
  }
  return faults;
}
