import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { withClient } from '../../local/stack/postgres/server.ts';
import { ask, createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, contents, digests, liveSchema, liveState, lockIsFree, releases } from '../support/state.ts';

/** Of the whole cluster, so its name is this file's own. */
const TABLESPACE = `elsewhere_${process.pid}`;

let harness: ReleaseHarness;
let database: string;

const superuser = <Row extends object>(sql: string, values?: unknown[]) =>
  ask<Row>(harness.databases.superuserUrl, sql, values);
const onRole = (what: string) => `alter role pp_release in database "${database}" ${what}`;

beforeAll(async () => {
  harness = await createHarness({ sites: 100 });
  database = new URL(harness.databases.databaseUrl).pathname.slice(1);
  const first = await harness.pp(['start', 'Jan2027', '--wait']);
  expect(first.code, first.stderr).toBe(0);
});
afterAll(async () => {
  await harness?.close();
  await ask(inject('superuserUrl'), `drop tablespace if exists ${TABLESPACE}`);
});

/** Where and how the live relations are stored, and what replication sees of them. */
const storage = () =>
  superuser(
    `select relname, relreplident, reltablespace::int, relam::int, relpersistence from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'm') and relname !~ '^(staging_|bk|ddl_log)' order by 1`,
  );

describe('settings, publications and triggers that were in the way of a release', () => {
  const HOSTILE = {
    extra_float_digits: '-10',
    standard_conforming_strings: 'off',
    statement_timeout: '300',
    lock_timeout: '1',
    idle_session_timeout: '1000',
    idle_in_transaction_session_timeout: '500',
    default_transaction_isolation: 'serializable',
    default_tablespace: TABLESPACE,
    quote_all_identifiers: 'on',
    synchronous_commit: 'off',
    array_nulls: 'off',
  };
  const set = () =>
    superuser(
      [
        ...Object.entries(HOSTILE).map(([name, value]) => onRole(`set ${name} = '${value}'`)),
        `alter database "${database}" set DateStyle = 'German'`,
        `alter database "${database}" set bytea_output = 'escape'`,
      ].join(';'),
    );
  const reset = () => superuser(`${onRole('reset all')}; alter database "${database}" reset all`);

  beforeAll(async () => {
    await withClient(harness.databases.superuserUrl, async (client) => {
      await client.query('set allow_in_place_tablespaces = on');
      await client.query(`create tablespace ${TABLESPACE} location ''`);
    });
  });
  afterAll(async () => {
    await superuser('drop event trigger log_ddl; drop publication everything; drop publication all_of_public');
    await reset();
  });

  it('change nothing of it, nor of its rollback', async () => {
    const exactly = await digests(harness);
    const look = async () => ({
      rows: await contents(harness),
      schema: await liveSchema(harness),
      storage: await storage(),
    });
    const before = await look();
    await superuser(
      `grant create on tablespace ${TABLESPACE} to pp_release;
       create publication everything for all tables;
       create publication all_of_public for tables in schema public;
       create table ddl_log (tag text);
       create function log_ddl() returns event_trigger language plpgsql security definer
         as $$ begin insert into public.ddl_log values (tg_tag); end $$;
       create event trigger log_ddl on ddl_command_end execute function log_ddl()`,
    );
    await set();
    // Its sessions are as the settings were when it connected.
    await harness.restartWorker();
    const released = await harness.pp(['start', 'Feb2027', '--wait']);
    expect(released.code, released.stderr).toBe(0);
    expect(await superuser('select from ddl_log')).not.toEqual([]);
    await reset();
    expect(await look()).toEqual(before);
    await set();
    const [stamp = ''] = await backupStamps(harness);
    const back = await harness.pp(['rollback', stamp, '--wait']);
    expect(back.code, back.stderr).toBe(0);
    await reset();
    expect(await digests(harness)).toEqual(exactly);
    expect((await look()).storage).toEqual(before.storage);
  });
});

/** A start that is refused, with nothing done: no release, no relation, no lock. */
async function refusal(label: string): Promise<string> {
  const before = [await liveState(harness), await releases(harness)];
  const { code, stderr } = await harness.pp(['start', label, '--wait']);
  expect(code, stderr).toBe(1);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(8);
  expect([await liveState(harness), await releases(harness)]).toEqual(before);
  expect(await lockIsFree(harness)).toBe(true);
  return stderr;
}

describe('is refused by name before anything is done', () => {
  it('row-level security that would hide rows from the role, of its own tables and of others', async () => {
    const undo = `alter table protected_areas disable row level security; alter table protected_areas no force row level security;
      drop policy if exists even on protected_areas;
      alter table countries disable row level security; alter table countries owner to pp_release`;
    try {
      await superuser(
        `alter table protected_areas enable row level security; alter table protected_areas force row level security;
         create policy even on protected_areas to pp_release using (site_id % 2 = 0)`,
      );
      // Read by a superuser, whom no policy concerns.
      const calm = { ...harness, live: superuser } as ReleaseHarness;
      const before = await digests(calm);
      const own = await harness.pp(['start', 'Mar2027', '--wait']);
      expect(own.code).toBe(1);
      expect(own.stderr).toMatch(
        /may hide rows of protected_areas from role pp_release.*nothing was done.*alter table protected_areas no force row level security.*bypassrls/,
      );
      await superuser(
        `alter table countries owner to current_user; grant all on countries to pp_release; alter table countries enable row level security`,
      );
      const both = await harness.pp(['start', 'Mar2027', '--wait']);
      expect(both.stderr).toMatch(/may hide rows of countries, protected_areas from role pp_release/);
      expect(await digests(calm)).toEqual(before);
      expect((await releases(harness)).map(({ label }) => label)).toEqual(['Jan2027', 'Feb2027']);
    } finally {
      await superuser(undo);
    }
    expect(await lockIsFree(harness)).toBe(true);
  });

  it.each([
    [
      'default_transaction_read_only',
      'on',
      /nothing may be written to the live database: default_transaction_read_only/,
    ],
    ['session_replication_role', 'replica', /"session_replication_role".*nothing was done.*alter role … reset/],
  ])('%s = %s', async (name, value, reason) => {
    await superuser(onRole(`set ${name} = '${value}'`));
    try {
      expect(await refusal('Apr2027')).toMatch(reason);
    } finally {
      await superuser(onRole('reset all'));
    }
  });
});
