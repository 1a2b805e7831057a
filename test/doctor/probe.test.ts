import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Outcome } from '../../client/doctor/check.ts';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { createNamespace, type TestNamespace } from '../support/temporal.ts';
import { startWorker } from '../support/worker.ts';
import { type ProbeWard, probeScenarios } from './scenarios/probe.ts';
import { breakSeeMend, openShell } from './ward.ts';

let namespace: TestNamespace;
let databases: TestDatabases;
let ward: ProbeWard;

beforeAll(async () => {
  const { TEMPORAL_ADDRESS } = inject('stackEnv');
  [namespace, databases] = await Promise.all([createNamespace(TEMPORAL_ADDRESS), createTestDatabases()]);
  const { databaseUrl, superuserUrl, portalReaderUrl } = databases;
  const shell = await openShell({
    PP_DATABASE_URL: databaseUrl,
    PP_DBA_URL: superuserUrl,
    PORTAL_URL: portalReaderUrl,
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE: namespace.name,
  });
  ward = {
    shell,
    worker: await startWorker(shell.dir, { ...shell.env, PP_RELEASE_LOG_PATH: `${shell.dir}/release.log` }),
    asRole: async (sql) => void (await ask(databaseUrl, sql)),
    asDba: async (sql) => void (await ask(superuserUrl, sql)),
  };
});
afterAll(async () => {
  await ward?.worker.stop();
  await ward?.shell.close();
  await namespace?.close();
  await databases?.drop();
});

it('a probe goes through every part, and leaves nothing in the database', async () => {
  const args = ['doctor', '--probe', '--json', '--only', 'probe.workflow,probe.swap,probe.row,probe.chat'];
  const { code, stdout } = await runCommandLine(args, ward.shell.env);
  const { checks } = JSON.parse(stdout) as { checks: Outcome[] };
  expect(code).toBe(0);
  expect(checks.filter(({ id }) => id.startsWith('probe.')).map(({ id, status }) => `${id} ${status}`)).toEqual([
    'probe.workflow ok',
    'probe.swap ok',
    'probe.row ok',
    'probe.chat ok',
  ]);
  expect(await ask(databases.databaseUrl, `select relname from pg_class where relname ~ '^trial'`)).toEqual([]);
});

it('without --probe nothing is written, and a check that writes is refused by name', async () => {
  const { code, stderr } = await runCommandLine(['doctor', '--only', 'probe.swap'], ward.shell.env);
  expect([code, stderr]).toEqual([2, 'pp-release: probe.swap writes: add --probe\n']);
});

it.each(Object.entries(probeScenarios))('%s is seen, its remedy is run, and it is gone', (id, scenario) =>
  breakSeeMend(ward, id as CheckId, scenario),
);
