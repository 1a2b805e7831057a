import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { HowClosed } from '../activities/postgres/lock.ts';

/** A workflow that Temporal does not know any more has been closed for longer than history is kept. */
export function howClosed(client: Client): HowClosed {
  return async (workflowId) => {
    try {
      const { status } = await client.workflow.getHandle(workflowId).describe();
      return status.name === 'RUNNING' ? undefined : status.name.toLowerCase().replaceAll('_', ' ');
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'closed long ago';
      throw error;
    }
  };
}
