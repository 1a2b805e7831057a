import type { ScheduleDescription, ScheduleSpec } from '@temporalio/client';
import { type Mode, type OnFailure, parseReleaseRequest } from '../contracts/index.ts';
import { CommandError, EXIT } from './errors.ts';

/** As flags.ts has read them. */
export interface ScheduleFlags {
  cron?: string;
  day?: number;
  hour?: number;
  timeZone?: string;
  /** ms */
  catchup?: number;
  mode?: Mode;
  onFailure?: OnFailure;
}

export interface SchedulePlan {
  spec: ScheduleSpec;
  /** ms */
  catchupWindow: number;
  input: { scheduleTimeZone: string; mode: string; onFailure?: string };
  /** For people: `monthly on day 1 at 06:00 (UTC)`. */
  when: string;
}

const DEFAULT_CATCHUP_MS = 3 * 86_400_000;

/**
 * A schedule from its flags. Nothing comes from the environment: the schedule keeps what it was made with.
 *
 * @throws CommandError with exit code 2 naming every fault
 */
export function schedulePlan(flags: ScheduleFlags): SchedulePlan {
  const faults: string[] = [];
  const timezone = flags.timeZone ?? 'UTC';
  const { spec, when } = flags.cron === undefined ? monthly(flags) : byCron(flags.cron, flags, faults);
  const input = {
    scheduleTimeZone: timezone,
    mode: flags.mode ?? 'review',
    ...(flags.onFailure === undefined ? {} : { onFailure: flags.onFailure }),
  };
  const parsed = parseReleaseRequest(input);
  if (!parsed.ok) faults.push(...parsed.problems);
  if (faults.length > 0) throw new CommandError(EXIT.usage, faults.join('; '), { faults });
  const catchupWindow = flags.catchup ?? DEFAULT_CATCHUP_MS;
  return { spec: { ...spec, timezone }, catchupWindow, input, when: `${when} (${timezone})` };
}

/** The time zone that its releases read their labels in. */
export function timeZoneOf({ spec, action }: ScheduleDescription): string {
  const input = action.args?.[0] as { scheduleTimeZone?: string } | undefined;
  return input?.scheduleTimeZone ?? (spec.timezone || 'UTC');
}

interface Times {
  spec: ScheduleSpec;
  when: string;
}

function monthly({ day: dayOfMonth = 1, hour = 6 }: ScheduleFlags): Times {
  const when = `monthly on day ${dayOfMonth} at ${String(hour).padStart(2, '0')}:00`;
  // The server keeps the comment, and describe prints it.
  return { spec: { calendars: [{ dayOfMonth, hour, comment: when }] }, when };
}

function byCron(cron: string, { day, hour }: ScheduleFlags, faults: string[]): Times {
  if (day !== undefined || hour !== undefined) faults.push('--cron says the time already; leave --day and --hour out');
  if (!/^\s*\S+(\s+\S+){4}\s*$/.test(cron) || /[=#]/.test(cron)) {
    faults.push(
      `--cron ${JSON.stringify(cron)} has not five fields (minute, hour, day, month, weekday) as in "0 6 1 * *"`,
    );
  }
  const when = `cron ${cron.trim()}`;
  return { spec: { cronExpressions: [`${cron.trim()} # ${when}`] }, when };
}
