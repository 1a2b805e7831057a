import { join } from 'node:path';
import { msToTs } from '@temporalio/common/lib/time.js';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Outcome } from '../../client/doctor/check.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { createNamespace, type TestNamespace } from '../support/temporal.ts';
import { openPooler } from './pooler.ts';
import { rounds, scenarios } from './scenarios/index.ts';
import type { Ward } from './scenarios/ward.ts';
import { breakSeeMend, itRounds, look, type OwnDatabase, openShell, ownDatabase, type Shell } from './ward.ts';

let namespace: TestNamespace;
/** The portal's is used. */
let databases: TestDatabases;
let own: OwnDatabase;
let shell: Shell;
let ward: Ward;
const sessions = new Set<pg.Client>();

beforeAll(async () => {
  const { TEMPORAL_ADDRESS } = inject('stackEnv');
  [namespace, databases, own] = await Promise.all([
    createNamespace(TEMPORAL_ADDRESS),
    createTestDatabases(),
    ownDatabase(),
  ]);
  await namespace.client.workflowService.updateNamespace({
    namespace: namespace.name,
    config: { workflowExecutionRetentionTtl: msToTs('3 days') },
  });
  const { portalUrl, portalReaderUrl } = databases;
  shell = await openShell({
    ...own.env,
    PP_PORTAL_DATABASE_URL: portalUrl,
    PORTAL_URL: portalReaderUrl,
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE: namespace.name,
  });
  Object.assign(shell.env, {
    PP_MANIFEST_DIR: join(shell.dir, 'manifests'),
    PP_RELEASE_LOG_PATH: join(shell.dir, 'log'),
  });
  const { PP_DATABASE_URL = '', PP_DBA_URL = '' } = own.env;
  ward = {
    shell,
    own,
    temporal: namespace.client,
    asRole: async (sql) => void (await ask(PP_DATABASE_URL, sql)),
    asDba: async (sql) => void (await ask(PP_DBA_URL, sql)),
    onPortal: async (sql) => void (await ask(portalUrl, sql)),
    session: async () => {
      const client = new pg.Client({ connectionString: PP_DATABASE_URL, application_name: 'website' });
      await client.connect();
      // A remedy may end it.
      client.on('error', () => sessions.delete(client));
      sessions.add(client);
      return client;
    },
  };
});
afterAll(async () => {
  await shell?.close();
  await Promise.all([...sessions].map((session) => session.end()));
  await namespace?.close();
  await own?.drop();
  await databases?.drop();
});

itRounds(rounds, (round) => breakSeeMend(ward, scenarios, round));

it('a pooler that lends a session for as long as the client stays is not taken for the other kind', async () => {
  const pooler = await openPooler(own.env.PP_DATABASE_URL ?? '', 'session');
  try {
    const outcomes = await look({ ...shell.env, PP_DATABASE_URL: pooler.url }, ['database.pooler']);
    expect(outcomes).toMatchObject([{ id: 'database.pooler', status: 'ok' }]);
  } finally {
    await pooler.close();
  }
});

it('a probe goes through every part, and leaves nothing in the database', async () => {
  const only = 'probe.workflow,probe.swap,probe.row,probe.chat';
  const args = ['doctor', '--probe', '--timeout', '12', '--json', '--only', only];
  const { code, stdout } = await runCommandLine(args, ward.shell.env);
  const { checks } = JSON.parse(stdout) as { checks: Outcome[] };
  const probes = checks.filter(({ id }) => id.startsWith('probe.')).map(({ id, status }) => `${id} ${status}`);
  expect([code, probes]).toEqual([0, ['probe.workflow ok', 'probe.swap ok', 'probe.row ok', 'probe.chat ok']]);
  expect(await ask(own.env.PP_DATABASE_URL ?? '', `select relname from pg_class where relname ~ '^trial'`)).toEqual([]);
});
