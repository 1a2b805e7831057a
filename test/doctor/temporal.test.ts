import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, inject, it } from 'vitest';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { createTestDatabases, type TestDatabases } from '../support/database.ts';
import { createNamespace, type TestNamespace } from '../support/temporal.ts';
import { type TemporalWard, temporalScenarios } from './scenarios/temporal.ts';
import { breakSeeMend, openShell } from './ward.ts';

let namespace: TestNamespace;
let databases: TestDatabases;
let ward: TemporalWard;

beforeAll(async () => {
  const { TEMPORAL_ADDRESS } = inject('stackEnv');
  [namespace, databases] = await Promise.all([createNamespace(TEMPORAL_ADDRESS), createTestDatabases()]);
  await namespace.client.workflowService.updateNamespace({
    namespace: namespace.name,
    config: { workflowExecutionRetentionTtl: msToTs('3 days') },
  });
  const env = { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: namespace.name, PP_DATABASE_URL: databases.databaseUrl };
  ward = { shell: await openShell(env), temporal: namespace.client };
});
afterAll(async () => {
  await ward?.shell.close();
  await namespace?.close();
  await databases?.drop();
});

it.each(Object.entries(temporalScenarios))('%s is seen, its remedy is run, and it is gone', (id, scenario) =>
  breakSeeMend(ward, id as CheckId, scenario),
);
