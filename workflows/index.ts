export { portalRelease } from './release.ts';
export { portalBackupCleanup, portalRollback } from './rollback.ts';
