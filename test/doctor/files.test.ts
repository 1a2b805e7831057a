import { join } from 'node:path';
import { afterAll, beforeAll, inject, it } from 'vitest';
import type { CheckId } from '../../client/doctor/checks/index.ts';
import { type FilesWard, filesScenarios } from './scenarios/files.ts';
import { notificationScenarios } from './scenarios/notifications.ts';
import { breakSeeMend, openShell } from './ward.ts';

let ward: FilesWard;

beforeAll(async () => {
  const { PP_DATABASE_URL, TEMPORAL_ADDRESS } = inject('stackEnv');
  const shell = await openShell({ PP_DATABASE_URL, TEMPORAL_ADDRESS });
  Object.assign(shell.env, {
    PP_MANIFEST_DIR: join(shell.dir, 'manifests'),
    PP_RELEASE_LOG_PATH: join(shell.dir, 'log'),
  });
  ward = { shell };
});
afterAll(() => ward?.shell.close());

it.each(Object.entries({ ...filesScenarios, ...notificationScenarios }))(
  '%s is seen, its remedy is run, and it is gone',
  (id, scenario) => breakSeeMend(ward, id as CheckId, scenario),
);
