import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type HowClosed, UNKNOWN_TO_TEMPORAL } from '../activities/postgres/lock.ts';

/**
 * For a worker: a workflow that Temporal does not know any more has been closed for longer than history is kept, unless its
 * session is alive (lock.ts).
 */
export function howClosed(client: Client): HowClosed {
  return async (workflowId) => {
    const status = await statusOf(client, workflowId);
    return status === undefined ? UNKNOWN_TO_TEMPORAL : closing(status);
  };
}

/**
 * For whoever only looks, perhaps at the wrong namespace: a workflow whose run is not known here counts as running. The run
 * tells the namespace; whether the workflow is closed tells its newest run, since a reset closes the one before.
 */
export function howClosedHere(client: Client): HowClosed {
  return async (workflowId, runId) => {
    if ((await statusOf(client, workflowId, runId)) === undefined) return undefined;
    const status = await statusOf(client, workflowId);
    return status && closing(status);
  };
}

function closing(status: string): string | undefined {
  return status === 'RUNNING' ? undefined : status.toLowerCase().replaceAll('_', ' ');
}

async function statusOf(client: Client, workflowId: string, runId?: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId, runId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
