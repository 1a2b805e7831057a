import pg from 'pg';
import { afterAll, beforeAll, inject, it } from 'vitest';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask } from '../support/release.ts';
import { type DatabaseWard, databaseScenarios } from './scenarios/database.ts';
import { breakSeeMend, openShell } from './ward.ts';

let databases: TestDatabases;
let ward: DatabaseWard;
const sessions = new Set<pg.Client>();

beforeAll(async () => {
  databases = await createTestDatabases();
  const { databaseUrl, superuserUrl } = databases;
  const { TEMPORAL_ADDRESS } = inject('stackEnv');
  ward = {
    shell: await openShell({ PP_DATABASE_URL: databaseUrl, PP_DBA_URL: superuserUrl, TEMPORAL_ADDRESS }),
    databases,
    asRole: async (sql) => void (await ask(databaseUrl, sql)),
    asDba: async (sql) => void (await ask(superuserUrl, sql)),
    session: async () => {
      const client = new pg.Client({ connectionString: databaseUrl, application_name: 'somebody' });
      await client.connect();
      // A remedy may end it.
      client.on('error', () => sessions.delete(client));
      sessions.add(client);
      return client;
    },
  };
});
afterAll(async () => {
  await ward?.shell.close();
  await Promise.all([...sessions].map((session) => session.end()));
  await databases?.drop();
});

it.each(Object.entries(databaseScenarios))('%s is seen, its remedy is run, and it is gone', (id, scenario) =>
  breakSeeMend(ward, id as CheckId, scenario),
);
