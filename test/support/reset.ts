import type { ReleaseHarness } from './release.ts';

/**
 * Resets a workflow as the Web UI does: to the workflow task that scheduled the first activity of a name, which is then
 * scheduled anew.
 *
 * @returns run id of the new run
 */
export async function resetTo(harness: ReleaseHarness, workflowId: string, activity: string): Promise<string> {
  const { temporal } = harness;
  const handle = temporal.workflow.getHandle(workflowId);
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find(
    ({ activityTaskScheduledEventAttributes: facts }) => facts?.activityType?.name === activity,
  );
  const finished = scheduled?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
  if (!finished) throw new Error(`${workflowId} has no activity ${activity}`);
  const { runId } = await temporal.workflowService.resetWorkflowExecution({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId, runId: (await handle.describe()).runId },
    reason: 'a test',
    workflowTaskFinishEventId: finished,
    requestId: crypto.randomUUID(),
  });
  return runId;
}
