export { portalProbe } from './probe.ts';
export { portalRelease } from './release.ts';
export { portalBackupCleanup, portalRollback } from './rollback.ts';
export { portalStagingCleanup } from './staging.ts';
