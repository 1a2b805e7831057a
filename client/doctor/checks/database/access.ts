import { sqlstateOf } from '../../../../activities/postgres/errors.ts';
import { ident } from '../../../../activities/postgres/identifiers.ts';
import { PINNED } from '../../../../activities/postgres/session_settings.ts';
import { type Check, type Finding, failed, ok, type Remedy, warning } from '../../check.ts';
import { dbaSql, word } from '../../shell.ts';
import { fact, type Surroundings, settleReader } from '../../surroundings.ts';

/** GRANT SET ON PARAMETER came with it. */
const OLDEST_VERSION = 150_000;

export interface Role {
  role: string;
  database: string;
  superuser: boolean;
}

export const readRole = fact(async (here): Promise<Role> => {
  const [row] = await here.rows<Role>(
    `select current_user::text as role, current_database()::text as database, rolsuper as superuser
     from pg_roles where rolname = current_user`,
  );
  return row as Role;
});

/** How one gets in, and what the role and the database force on each session. */
export const accessChecks = {
  'database.answers': {
    title: 'the live database lets us in',
    expected: 'PostgreSQL 15 or newer at PP_DATABASE_URL, which lets its role in',
    why: 'It holds the data, the lock and the state of each release; nothing can be done without it.',
    pre: true,
    async look(here) {
      const { databaseUrl: url } = here.place;
      if (url === undefined || !URL.canParse(url)) return noAddress(url);
      try {
        const [row] = await here.rows<{ version: string; number: string }>(
          `select current_setting('server_version') as version, current_setting('server_version_num') as number`,
        );
        if (Number(row?.number) >= OLDEST_VERSION) return ok(`PostgreSQL ${row?.version} answers`);
        return failed(`PostgreSQL ${row?.version} is too old`, { commands: [], note: 'upgrade the server' });
      } catch (error) {
        return notLetIn(url, error as Error);
      }
    },
  },
  'database.pooler': {
    title: 'a session is one session',
    expected: 'no pooler in transaction mode between here and PostgreSQL',
    why: 'The release lock and the settings belong to a session; such a pooler gives each transaction another one, and our settings to other clients.',
    pre: true,
    async look(here) {
      const { isLent, session } = await here.live();
      if (!isLent) return ok('it is');
      const { rows } = await session.query<{ host: string | null; port: number }>(
        'select host(inet_server_addr()) as host, inet_server_port() as port',
      );
      const { host, port } = rows[0] ?? {};
      const direct = host && `${host.includes(':') ? `[${host}]` : host}:${port}`;
      return failed('a pooler lends server sessions for one transaction each', {
        // The address is changed where it stands, since a password is in it.
        commands: direct
          ? [`export PP_DATABASE_URL="$(printf %s "$PP_DATABASE_URL" | sed -E 's#(//([^/@]*@)?)[^/?]*#\\1${direct}#')"`]
          : [],
        note: "PostgreSQL's own address, or the pooler in session mode; in the worker's environment, too",
      });
    },
  },
  'database.settings': {
    title: 'no setting that only a superuser may change is in the way',
    expected: 'sessions get the settings that a release needs',
    why: 'With such a setting rows would be lost or misread, so each release is refused.',
    pre: true,
    async look(here) {
      try {
        await settleReader(await here.session(), here.limits);
        return ok('all are as a release needs them');
      } catch (error) {
        const { role, database } = await readRole(here);
        return failed((error as Error).message.split(',')[0] ?? '', {
          as: 'dba',
          commands: await resetsOf(here, Object.keys(PINNED)),
          note: `settings of role ${role} and database ${database}, which hold from the next session on`,
        });
      }
    },
  },
  'database.writable': {
    title: 'the database can be written to',
    expected: 'a primary, and default_transaction_read_only off',
    why: 'A standby, or a role that may only read, ends each release at its first step.',
    pre: true,
    async look(here) {
      const { writableFault } = await here.live();
      if (!writableFault) return ok('it can be written to');
      const commands = await resetsOf(here, ['default_transaction_read_only']);
      const note = commands.length > 0 ? 'it holds from the next session on' : writableFault.message;
      return failed(writableFault.message, { as: 'dba', commands, note });
    },
  },
  'database.superuser': {
    title: 'the role is no superuser',
    expected: 'a role with the rights that docs/database.md lists, and no more',
    why: 'A superuser may read and drop everything on the server, and no check of rights holds for it.',
    pre: true,
    async look(here) {
      const { role, superuser } = await readRole(here);
      if (!superuser) return ok(`${role} is none`);
      return warning(`${role} is a superuser`, {
        as: 'dba',
        commands: [dbaSql(`alter role ${ident(role)} nosuperuser`)],
        note: 'better, a role of its own that owns the tables: docs/database.md, "Set-up"',
      });
    },
  },
} satisfies Record<string, Check>;

function noAddress(url: string | undefined): Finding {
  return failed(url === undefined ? 'PP_DATABASE_URL is not set' : 'PP_DATABASE_URL is no address', {
    commands: ['npm run stack -- up', 'eval "$(npm run -s stack -- env)"'],
    note: "for this clone's own stack; for another database: export PP_DATABASE_URL=postgresql://ROLE:PASSWORD@HOST:5432/DATABASE",
  });
}

function notLetIn(url: string, error: Error): Finding {
  const { hostname, port, username, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  const role = decodeURIComponent(username);
  const where = `${database} at ${hostname}:${port || 5432}`;
  const state = sqlstateOf(error);
  const remedies: Record<string, Remedy> = {
    '42501': { as: 'dba', commands: [dbaSql(`grant connect on database ${ident(database)} to ${ident(role)}`)] },
    '28000': { as: 'dba', commands: [dbaSql(`alter role ${ident(role)} login`)] },
    '28P01': {
      as: 'dba',
      commands: [dbaSql(`\\password ${ident(role)}`)],
      note: 'it asks for the new password; or put the right one into PP_DATABASE_URL',
    },
    '3D000': {
      as: 'dba',
      commands: [dbaSql(`create database ${ident(database)} owner ${ident(role)}`)],
      note: 'PP_DBA_URL has to name another database for this, such as postgres; then see doctor --pre',
    },
  };
  const asked = {
    commands: [`pg_isready -h ${word(hostname)} -p ${port || 5432}`],
    note: 'start PostgreSQL there, open the way to it, or mend PP_DATABASE_URL; the command shows when it answers',
  };
  return failed(`${where}: ${error.message || String(error)}`, (state && remedies[state]) || asked);
}

/** ALTER … RESET of what role and database set of these names, as far as it holds for this session. */
async function resetsOf(here: Surroundings, names: readonly string[]): Promise<string[]> {
  const rows = await here.rows<{ name: string; value: string; role: string | null; database: string | null }>(
    `select split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value, r.rolname as role,
            d.datname as database
     from pg_db_role_setting s
     left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) setting
     where (s.setrole = 0 or r.rolname = current_user) and (s.setdatabase = 0 or d.datname = current_database())`,
  );
  return rows
    .filter(({ name, value }) => names.includes(name) && PINNED[name] !== value)
    .filter(({ name }) => SUPERUSERS.has(name))
    .map(({ name, role, database }) => {
      const inDatabase = database === null ? '' : ` in database ${ident(database)}`;
      const whose = role === null ? `database ${ident(database ?? '')}` : `role ${ident(role)}${inDatabase}`;
      return dbaSql(`set default_transaction_read_only = off`, `alter ${whose} reset ${name}`);
    });
}

/** The pinned settings that a role cannot put right by itself, and the one that is heard. */
const SUPERUSERS: ReadonlySet<string> = new Set([
  'session_replication_role',
  'zero_damaged_pages',
  'ignore_checksum_failure',
  'default_transaction_read_only',
]);
