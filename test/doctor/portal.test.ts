import { afterAll, beforeAll, inject, it } from 'vitest';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { ask } from '../support/release.ts';
import { type PortalWard, portalScenarios } from './scenarios/portal.ts';
import { breakSeeMend, openShell } from './ward.ts';

let databases: TestDatabases;
let ward: PortalWard;

beforeAll(async () => {
  databases = await createTestDatabases();
  const { databaseUrl, superuserUrl, portalUrl, portalReaderUrl } = databases;
  ward = {
    shell: await openShell({
      PP_DATABASE_URL: databaseUrl,
      PP_DBA_URL: superuserUrl,
      PP_PORTAL_DATABASE_URL: portalUrl,
      PORTAL_URL: portalReaderUrl,
      TEMPORAL_ADDRESS: inject('stackEnv').TEMPORAL_ADDRESS,
    }),
    asRole: async (sql) => void (await ask(databaseUrl, sql)),
    asDba: async (sql) => void (await ask(superuserUrl, sql)),
    onPortal: async (sql) => void (await ask(portalUrl, sql)),
  };
});
afterAll(async () => {
  await ward?.shell.close();
  await databases?.drop();
});

it.each(Object.entries(portalScenarios))('%s is seen, its remedy is run, and it is gone', (id, scenario) =>
  breakSeeMend(ward, id as CheckId, scenario),
);
