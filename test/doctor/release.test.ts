import { afterAll, beforeAll, it } from 'vitest';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { createHarness } from '../support/release.ts';
import { type ReleaseWard, releaseScenarios } from './scenarios/release.ts';
import { breakSeeMend, openShell } from './ward.ts';

let ward: ReleaseWard;

beforeAll(async () => {
  const harness = await createHarness({ sites: 60, workerEnv: { PP_KEEP_BACKUP_COUNT: '9' } });
  ward = { harness, shell: await openShell({ ...harness.env, PP_KEEP_BACKUP_COUNT: '9' }) };
});
afterAll(async () => {
  await ward?.shell.close();
  await ward?.harness.close();
});

it.each(Object.entries(releaseScenarios))('%s is seen, its remedy is run, and it is gone', (id, scenario) =>
  breakSeeMend(ward, id as CheckId, scenario),
);
