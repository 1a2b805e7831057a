import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linkPortal } from '../../activities/portal/link.ts';
import { ROOT } from '../../local/paths.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { cleanEnvironment } from '../support/worker.ts';

let databases: TestDatabases;

beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases?.drop());

const live = <Row extends object>(sql: string) => ask<Row>(databases.databaseUrl, sql);

/** Rows a round trip: of the server, and of the tables that have a number of their own. */
async function fetchSizes(): Promise<Record<string, string[]>> {
  const rows = await live<{ name: string; options: string[] }>(
    `select srvname as name, srvoptions as options from pg_foreign_server where srvname = 'portal_srv'
     union all select ftrelid::regclass::text, ftoptions from pg_foreign_table order by 1`,
  );
  const sizes = rows.map(({ name, options }) => [name, options.filter((option) => option.startsWith('fetch_size='))]);
  return Object.fromEntries(sizes.filter(([, found]) => found?.length));
}

const SIZES = { portal_srv: ['fetch_size=20000'], 'portal_fdw.spatial_data': ['fetch_size=2000'] };

it('geometry is fetched in small portions, all else in large ones', async () => {
  expect(await fetchSizes()).toEqual(SIZES);
});

it('a link that is there gets the same, whatever it had; its other options stay', async () => {
  const options = () => live(`select ftrelid::regclass::text as name, ftoptions from pg_foreign_table order by 1`);
  const before = await options();
  await live(`alter server portal_srv options (set fetch_size '7')`);
  await live(`alter foreign table portal_fdw.spatial_data options (drop fetch_size)`);
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
  expect(await fetchSizes()).toEqual(SIZES);
  await live(`alter foreign table portal_fdw.spatial_data options (set fetch_size '9')`);
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
  expect(await fetchSizes()).toEqual(SIZES);
  expect(await options()).toEqual(before);
});

/** `pp-release migrate` as a person calls it, with the portal's address changed. */
async function link(change: (url: URL) => void) {
  const url = new URL(databases.portalReaderUrl);
  change(url);
  const env = { PP_DATABASE_URL: databases.databaseUrl, PORTAL: url.href };
  const outcome = await runCommandLine(['migrate', '--portal-env', 'PORTAL'], env);
  expect(outcome.stdout + outcome.stderr).not.toContain(url.password);
  return outcome;
}

const serverOptions = async () => {
  const [row] = await live<{ options: string[] }>(`select srvoptions as options from pg_foreign_server`);
  return Object.fromEntries((row?.options ?? []).map((option) => option.split(/=(.*)/s).slice(0, 2)));
};

it('every parameter of the address reaches the link, and goes with the next address that does not have it', async () => {
  const { code, stderr } = await link(({ searchParams }) => {
    searchParams.set('sslmode', 'allow');
    searchParams.set('connect_timeout', '7');
    searchParams.set('target_session_attrs', 'any');
  });
  expect(code, stderr).toBe(0);
  expect(await serverOptions()).toMatchObject({ sslmode: 'allow', connect_timeout: '7', target_session_attrs: 'any' });
  expect((await link(() => undefined)).code).toBe(0);
  const left = await serverOptions();
  expect(Object.keys(left)).not.toEqual(expect.arrayContaining(['sslmode']));
  expect(left).toMatchObject({ fetch_size: '20000', options: expect.stringContaining('row_security=off') });
  expect(left.connect_timeout ?? left.target_session_attrs).toBeUndefined();
});

it('the second of two hosts is taken where the first does not answer', async () => {
  const url = databases.portalReaderUrl.replace('@127.0.0.1:', '@127.0.0.1:1,127.0.0.1:');
  await linkPortal(databases.databaseUrl, url);
  expect(await live('select from portal_fdw.wdpas')).toEqual([]);
  await linkPortal(databases.databaseUrl, databases.portalReaderUrl);
});

it.each<[string, (url: URL) => void, RegExp]>([
  ['a wrong password', (url) => (url.password = 'wr0ng-pass'), /password authentication failed for user/],
  ['no such database', (url) => (url.pathname = '/nowhere'), /database "nowhere" does not exist/],
  ['a wrong host', (url) => (url.hostname = 'nowhere.invalid'), /could not translate host name "nowhere.invalid"/],
  ['IPv6, where nothing listens', (url) => (url.hostname = '[::1]'), /server at "::1", port \d+ failed/],
  [
    'TLS, where there is none',
    (url) => url.searchParams.set('sslmode', 'require'),
    /does not support SSL, but SSL was/,
  ],
])('why a link fails is said, and the old one stays: %s', async (_, change, reason) => {
  const before = await serverOptions();
  const url = new URL(databases.portalReaderUrl);
  change(url);
  const error = await linkPortal(databases.databaseUrl, url.href).catch((fault: Error) => fault);
  expect(error).toMatchObject({ type: 'PortalUnavailable', message: expect.stringMatching(reason) });
  expect(String(error)).not.toMatch(/\n/);
  expect(String(error)).not.toContain(url.password);
  expect(await serverOptions()).toEqual(before);
});

it('a command says it too, on one line', async () => {
  const { code, stderr } = await link((url) => (url.port = '1'));
  expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
  expect(stderr).toMatch(/^pp-release: the portal \(.* at 127.0.0.1, port 1\) cannot be linked: .*Connection refused/);
});

it("says when PostgreSQL's log may have the password, which its settings decide", async () => {
  expect((await link(() => undefined)).stdout).not.toMatch(/its log/);
  const name = new URL(databases.databaseUrl).pathname.slice(1);
  const superuser = (sql: string) => ask(databases.superuserUrl, sql);
  await superuser(`alter database "${name}" set log_statement = 'ddl'`);
  expect((await link(() => undefined)).stdout).toMatch(/may have written the portal's password to its log/);
  await superuser(`alter database "${name}" reset log_statement`);
});

it('the address can come from standard input', async () => {
  await live(`alter server portal_srv options (set port '1')`);
  const args = ['client/bin.mjs', 'migrate', '--portal', '-'];
  const env = { ...cleanEnvironment(), PP_DATABASE_URL: databases.databaseUrl };
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, input: `${databases.portalReaderUrl}\n` });
  expect(status).toBe(0);
  expect(await live('select from portal_fdw.wdpas')).toEqual([]);
});

it.each<[string[], RegExp]>([
  [['--portal', 'rubbish'], /^pp-release: --portal: the portal's address is not right/],
  [['--portal', ''], /--portal is empty/],
  [['--portal', 'postgresql://a:b@h/p?nonsense=1'], /--portal: .*parameter nonsense is none/],
  [['--portal-env', 'NOT_SET'], /--portal-env: the environment variable NOT_SET is not set/],
  [['--portal-env', ''], /--portal-env is empty/],
  [['--portal', 'x', '--portal-env', 'Y'], /two ways to say the same/],
])('migrate %j is refused with exit code 2', async (args, reason) => {
  const { code, stderr } = await runCommandLine(['migrate', ...args], { PP_DATABASE_URL: databases.databaseUrl });
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toMatch(reason);
});

it('a policy of the portal that hides rows from the reader ends the reading, unless the address allows it', async () => {
  await ask(
    databases.portalUrl,
    `alter table wdpa.wdpas enable row level security; create policy "even ones" on wdpa.wdpas using (site_id % 2 = 0)`,
  );
  await expect(live('select from portal_fdw.wdpas')).rejects.toThrow(/row-level security policy for table "wdpas"/);
  expect((await link((url) => (url.search = '?options=-c%20row_security%3Don'))).code).toBe(0);
  expect(await live('select from portal_fdw.wdpas')).toEqual([]);
});
