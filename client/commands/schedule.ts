import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { labelOf, TASK_QUEUE, WORKFLOW } from '../../contracts/index.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';
import { type ScheduleFlags, schedulePlan, timeZoneOf } from '../schedule_plan.ts';
import { readReport, textOf } from '../schedule_report.ts';
import { withTemporal } from '../temporal.ts';

export const SCHEDULE_ID = 'portal-release-monthly';

export interface ScheduleOptions {
  id?: string;
}

/** Temporal starts a release by itself, each month unless told otherwise. */
export function create({ id = SCHEDULE_ID, ...flags }: ScheduleOptions & ScheduleFlags, output: Output): Promise<void> {
  const { spec, catchupWindow, input, when } = schedulePlan(flags);
  return withClient(async (client) => {
    const handle = await client.schedule
      .create({
        scheduleId: id,
        spec,
        // A month that waits for its promote is not overtaken by the next one.
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
        action: {
          type: 'startWorkflow',
          workflowType: WORKFLOW.release,
          workflowId: 'portal-release',
          taskQueue: TASK_QUEUE,
          args: [input],
          staticSummary: `scheduled release (${id})`,
        },
      })
      .catch((error: unknown) => Promise.reject(createRefusal(error, id)));
    const report = await readReport(client, handle);
    const next = report.nextTimes[0];
    if (!next) {
      // Only the server knows when cron fields fire, and only of a schedule that is there.
      await handle.delete();
      const why = `${when} never comes, so it would start nothing`;
      throw new CommandError(EXIT.usage, `schedule ${id} was not made: ${why}; mend the day and month in --cron`, {
        id,
      });
    }
    output.result(
      report,
      `schedule ${id} is made: ${when}, mode ${input.mode}; the next release is ${next.label} at ${next.at}`,
    );
  });
}

export function describe({ id = SCHEDULE_ID }: ScheduleOptions, output: Output): Promise<void> {
  return withSchedule(id, async (handle, client) => {
    const report = await readReport(client, handle);
    output.result(report, textOf(report));
  });
}

export interface NoteOptions extends ScheduleOptions {
  note?: string;
}

export function pause({ id = SCHEDULE_ID, note }: NoteOptions, output: Output): Promise<void> {
  return withSchedule(id, async (handle) => {
    await handle.pause(note);
    output.result({ id, paused: true, note }, `schedule ${id} is paused; go on with pp-release schedule resume`);
  });
}

export function resume({ id = SCHEDULE_ID, note }: NoteOptions, output: Output): Promise<void> {
  return withSchedule(id, async (handle, client) => {
    await handle.unpause(note);
    const { nextTimes } = await readReport(client, handle);
    const next = nextTimes[0] ? `; its next release is ${nextTimes[0].label} at ${nextTimes[0].at}` : '';
    output.result({ id, paused: false, note, nextTimes }, `schedule ${id} goes on${next}`);
  });
}

const ACTION_LIMIT_MS = 10_000;

/** Starts a release now, with the label of this month in the schedule's time zone. */
export function trigger({ id = SCHEDULE_ID }: ScheduleOptions, output: Output): Promise<void> {
  return withSchedule(id, async (handle) => {
    const before = await handle.describe();
    const [running] = before.info.runningActions;
    if (running) {
      const { workflowId } = running.workflow;
      const what = `schedule ${id} was not triggered: its workflow ${workflowId} is still running`;
      throw new CommandError(EXIT.refused, `${what}; see pp-release status, then promote, park or abort it`, {
        workflowId,
      });
    }
    await handle.trigger(ScheduleOverlapPolicy.SKIP);
    const deadline = Date.now() + ACTION_LIMIT_MS;
    for (;;) {
      const { info } = await handle.describe();
      const action = info.recentActions.at(-1);
      if (action && info.numActionsTaken > before.info.numActionsTaken) {
        const { workflowId } = action.action.workflow;
        const label = labelOf(action.scheduledAt, timeZoneOf(before));
        const text = `schedule ${id} has started release ${label} (workflow ${workflowId}); see pp-release status`;
        output.result({ id, label, workflowId }, text);
        return;
      }
      if (Date.now() > deadline) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const limit = `${ACTION_LIMIT_MS / 1000} s`;
    throw new CommandError(
      EXIT.failed,
      `schedule ${id} was triggered but has started nothing within ${limit}; see pp-release schedule describe`,
    );
  });
}

/** What it has started goes on. */
export function remove({ id = SCHEDULE_ID }: ScheduleOptions, output: Output): Promise<void> {
  return withSchedule(id, async (handle) => {
    // Deleting what is not there is no error to Temporal.
    await handle.describe();
    await handle.delete();
    output.result({ id, deleted: true }, `schedule ${id} is deleted; what it has started goes on`);
  });
}

function withClient(work: (client: Client) => Promise<void>): Promise<void> {
  return withTemporal(temporalAddress(readEnvironment()), work);
}

function withSchedule(id: string, work: (handle: ScheduleHandle, client: Client) => Promise<void>): Promise<void> {
  return withClient(async (client) => {
    try {
      await work(client.schedule.getHandle(id), client);
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      const message = `there is no schedule ${id} in namespace ${client.options.namespace}; make it with pp-release schedule create, or name another with --id`;
      throw new CommandError(EXIT.refused, message, { id }, { cause: error });
    }
  });
}

function createRefusal(error: unknown, id: string): unknown {
  if (error instanceof ScheduleAlreadyRunning) {
    const message = `schedule ${id} is there already; look at it with pp-release schedule describe, delete it first to change it, or give another --id`;
    return new CommandError(EXIT.refused, message, { id }, { cause: error });
  }
  // The client makes one of what the server finds wrong with the arguments.
  if (!(error instanceof TypeError)) return error;
  const message = `Temporal does not take schedule ${id}: ${error.message}`;
  return new CommandError(EXIT.usage, message, { id }, { cause: error });
}
