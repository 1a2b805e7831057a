import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { Round, Scenario } from '../ward.ts';
import { databaseScenarios } from './database.ts';
import { filesScenarios } from './files.ts';
import { notificationScenarios } from './notifications.ts';
import { portalScenarios } from './portal.ts';
import { probeScenarios } from './probe.ts';
import type { releaseScenarios } from './release.ts';
import { temporalScenarios } from './temporal.ts';
import type { Ward } from './ward.ts';

/** All but those that need releases. A check without a scenario does not compile. */
export const scenarios: Record<Exclude<CheckId, keyof typeof releaseScenarios>, Scenario<Ward>> = {
  ...temporalScenarios,
  ...databaseScenarios,
  ...portalScenarios,
  ...filesScenarios,
  ...notificationScenarios,
  ...probeScenarios,
};

/** From an empty server to a round trip: each round finds what the rounds before it have mended. */
export const rounds: readonly Round[] = [
  ['temporal.answers', 'database.answers', 'files.settings', 'notifications.url'],
  ['temporal.namespace', 'database.settings', 'files.manifest_dir', 'notifications.host'],
  ['temporal.search_attributes', 'database.pooler', 'files.log', 'files.ready_file'],
  [
    'temporal.search_attribute_types',
    'database.writable',
    'database.superuser',
    'database.postgis',
    'database.postgres_fdw',
    'files.csv_dir',
  ],
  [
    'temporal.retention',
    'database.fdw_usage',
    'database.create_in_public',
    'database.create_schemas',
    'database.temporary_tables',
    'database.deadlock_timeout',
    'database.read_all_stats',
    'database.end_blockers',
    'database.connections',
    'files.csv',
  ],
  ['temporal.schedule_paused', 'database.migrations', 'portal.server'],
  [
    'temporal.schedule_ended',
    'database.end_blocker_roles',
    'database.row_security',
    'database.strangers',
    'database.owners',
    'database.columns',
    'database.refusals',
    'database.invalid_indexes',
    'database.autovacuum',
    'database.outside_lock',
  ],
  [
    'temporal.worker',
    'database.prepared_transactions',
    'portal.server_owner',
    'portal.options',
    'portal.address',
    'portal.tables',
  ],
  ['temporal.worker_version', 'database.blockers', 'portal.user_mapping', 'portal.columns'],
  ['portal.answers', 'probe.swap', 'probe.row'],
  ['portal.rights', 'portal.foreign_tables', 'probe.chat'],
  ['portal.local_rights', 'probe.workflow'],
];
