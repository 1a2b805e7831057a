import { type Client, type ScheduleHandle, WorkflowNotFoundError } from '@temporalio/client';
import { labelOf, WORKFLOW } from '../contracts/index.ts';
import { timeZoneOf } from './schedule_plan.ts';

export interface ScheduleReport {
  id: string;
  paused: boolean;
  note: string | undefined;
  when: string[];
  timeZone: string;
  catchupSeconds: number;
  input: unknown;
  nextTimes: { at: string; label: string }[];
  lastActions: { scheduledFor: string; takenAt: string; label: string; workflowId: string; status: string }[];
  skippedForOverlap: number;
  missed: number;
}

const NEXT_TIMES = 3;
const LAST_ACTIONS = 5;

/** What a schedule does, when, and what became of its last releases. */
export async function readReport(client: Client, handle: ScheduleHandle): Promise<ScheduleReport> {
  const description = await handle.describe();
  const { spec, state, info, policies, action } = description;
  const timeZone = timeZoneOf(description);
  const lastActions = info.recentActions.slice(-LAST_ACTIONS).map(async ({ scheduledAt, takenAt, action: taken }) => ({
    scheduledFor: scheduledAt.toISOString(),
    takenAt: takenAt.toISOString(),
    label: labelOf(scheduledAt, timeZone),
    workflowId: taken.workflow.workflowId,
    status: await statusOf(client, taken.workflow.workflowId),
  }));
  return {
    id: description.scheduleId,
    paused: state.paused,
    note: state.note || undefined,
    when: (spec.calendars ?? []).map(({ comment }) => comment ?? 'at times of its own'),
    timeZone,
    catchupSeconds: Math.round(policies.catchupWindow / 1000),
    input: action.args?.[0],
    nextTimes: info.nextActionTimes
      .slice(0, NEXT_TIMES)
      .map((at) => ({ at: at.toISOString(), label: labelOf(at, timeZone) })),
    lastActions: await Promise.all(lastActions),
    skippedForOverlap: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  };
}

/** How a release that the schedule started stands; Temporal forgets it after the namespace's retention. */
async function statusOf(client: Client, workflowId: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name.toLowerCase();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'no longer kept';
    throw error;
  }
}

export function textOf(report: ScheduleReport): string {
  const { id, paused, note, when, timeZone, input, nextTimes, lastActions } = report;
  return [
    `schedule ${id}: ${when.join(', ')} (${timeZone})${paused ? `, paused${note ? `: ${note}` : ''}` : ''}`,
    `starts ${WORKFLOW.release} with ${JSON.stringify(input)}`,
    `missed runs are caught up within ${report.catchupSeconds / 3600} h; ${report.missed} missed, ${report.skippedForOverlap} skipped because one was running`,
    ...nextTimes.map(({ at, label }) => `next: ${label} at ${at}`),
    ...lastActions.map(
      ({ scheduledFor, takenAt, label, workflowId, status }) =>
        `last: ${label}, for ${scheduledFor}, started at ${takenAt}: ${status} (workflow ${workflowId})`,
    ),
  ].join('\n');
}
