import type { CheckId } from '../../../client/doctor/checks/index.ts';
import { databaseScenarios } from './database.ts';
import { filesScenarios } from './files.ts';
import { notificationScenarios } from './notifications.ts';
import { portalScenarios } from './portal.ts';
import { probeScenarios } from './probe.ts';
import { releaseScenarios } from './release.ts';
import { temporalScenarios } from './temporal.ts';

/** A check without a scenario does not compile. */
export const scenarios = {
  ...temporalScenarios,
  ...databaseScenarios,
  ...portalScenarios,
  ...filesScenarios,
  ...notificationScenarios,
  ...releaseScenarios,
  ...probeScenarios,
} satisfies Record<CheckId, object>;
