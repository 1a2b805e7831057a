import { ParentClosePolicy, startChild, uuid4 } from '@temporalio/workflow';
import type { ReleaseRef } from '../activities/index.ts';
import { long } from './proxies.ts';

/** Drops the staging of an aborted release once nobody locks it any more; another release may start meanwhile. */
export async function portalStagingCleanup(release: ReleaseRef, oids: string[]): Promise<{ dropped: boolean }> {
  return long.dropLeftStaging(release, oids);
}

/** Outlives the release's own workflow: its label can be started again at once. */
export async function dropStagingLater(release: ReleaseRef, oids: string[]): Promise<void> {
  const { releaseId, label } = release;
  await startChild(portalStagingCleanup, {
    // Each run has its own: after a reset or a resume there may be other tables to drop than an earlier one waits for. (The
    // run's own id differs after a reset to a later task, which must find in history what it has started.)
    workflowId: `portal-staging-cleanup-${releaseId}-${uuid4()}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `drops the staging of release ${releaseId} (${label}) once nobody locks it`,
    args: [release, oids],
  });
}
