export { portalRelease } from './release.ts';
export { portalBackupCleanup, portalRollback } from './rollback.ts';
export { portalStagingCleanup } from './staging.ts';
