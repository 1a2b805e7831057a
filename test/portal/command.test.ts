import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lastSeeding } from '../../local/portal/seed.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let databases: TestDatabases;
beforeAll(async () => {
  databases = await createTestDatabases();
});
afterAll(() => databases?.drop());

interface Outcome {
  code: number;
  out: string;
  err: string;
}

const portal = (args: string[], url = databases.portalUrl) =>
  new Promise<Outcome>((resolve) => {
    const env = { ...process.env, PP_PORTAL_DATABASE_URL: url, PP_DEBUG: '' };
    execFile('node', ['local/run.mjs', 'portal', ...args], { cwd: ROOT, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

it('seeds, and takes a later month of what is there', async () => {
  const first = await portal(['seed', '--sites', '250', '--seed', '4']);
  expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/^sites +250$/m) });
  expect(await portal(['seed', '--month', '2'])).toMatchObject({ code: 0 });
  expect(await lastSeeding(databases.portalUrl)).toEqual({ sites: 250, seed: 4, month: 2 });
});

it.each([
  ['--sites', '0'],
  ['--sites', '-3'],
  ['--sites', '12.5'],
  ['--month', 'next'],
  ['--planets', '9'],
])('refuses %s %s with one line', async (...flags) => {
  const { code, out, err } = await portal(['seed', ...flags]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.trim().split('\n')).toHaveLength(1);
});

it('says what is wrong with the connection, without a stack trace', async () => {
  const password = new URL(databases.portalUrl);
  password.password = 'wrong';
  const nobody = new URL(databases.portalUrl);
  nobody.port = '1';
  for (const [url, message] of [
    [password, /refuses the password/],
    [nobody, /No PostgreSQL server answers/],
  ] as const) {
    const { code, err } = await portal(['seed'], url.href);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^ +at /m);
    expect(err).not.toContain(url.password || 'nothing');
  }
});
