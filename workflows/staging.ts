import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import type { ReleaseRef } from '../activities/index.ts';
import { long } from './proxies.ts';

/** Drops the staging of an aborted release once nobody locks it any more; another release may start meanwhile. */
export async function portalStagingCleanup(release: ReleaseRef, oids: string[]): Promise<{ dropped: boolean }> {
  return long.dropLeftStaging(release, oids);
}

/** Outlives the release's own workflow: its label can be started again at once. */
export async function dropStagingLater(release: ReleaseRef, oids: string[]): Promise<void> {
  const { releaseId, label } = release;
  try {
    await startChild(portalStagingCleanup, {
      workflowId: `portal-staging-cleanup-${releaseId}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `drops the staging of release ${releaseId} (${label}) once nobody locks it`,
      args: [release, oids],
    });
  } catch (error) {
    // A reset of the release's workflow has started it before.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
