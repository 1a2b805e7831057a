import type { ScheduleDescription, ScheduleSpec } from '@temporalio/client';
import { isTimeZone, parseReleaseRequest, TIME_ZONE_RULE } from '../contracts/index.ts';
import { CommandError, EXIT } from './errors.ts';

export interface ScheduleFlags {
  cron?: string;
  day?: string;
  hour?: string;
  timeZone?: string;
  catchup?: string;
  mode?: string;
  onFailure?: string;
}

export interface SchedulePlan {
  spec: ScheduleSpec;
  /** ms */
  catchupWindow: number;
  input: { scheduleTimeZone: string; mode: string; onFailure?: string };
  /** For people: `monthly on day 1 at 06:00 (UTC)`. */
  when: string;
}

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };
const DEFAULT_CATCHUP = '3d';

/**
 * A schedule from its flags. Nothing comes from the environment: the schedule keeps what it was made with.
 *
 * @throws CommandError with exit code 2 naming every fault
 */
export function schedulePlan(flags: ScheduleFlags): SchedulePlan {
  const faults: string[] = [];
  const timezone = flags.timeZone ?? 'UTC';
  if (!isTimeZone(timezone)) faults.push(`--time-zone ${JSON.stringify(timezone)} is not known: ${TIME_ZONE_RULE}`);
  const { spec, when } = flags.cron === undefined ? monthly(flags, faults) : byCron(flags.cron, flags, faults);
  const input = {
    scheduleTimeZone: timezone,
    mode: flags.mode ?? 'review',
    ...(flags.onFailure === undefined ? {} : { onFailure: flags.onFailure }),
  };
  const parsed = parseReleaseRequest(input);
  if (!parsed.ok) faults.push(...parsed.problems.filter((problem) => !problem.startsWith('scheduleTimeZone')));
  const catchupWindow = duration(flags.catchup ?? DEFAULT_CATCHUP, faults);
  if (faults.length > 0) throw new CommandError(EXIT.usage, faults.join('; '), { faults });
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

function monthly(flags: ScheduleFlags, faults: string[]): Times {
  const dayOfMonth = whole('--day', flags.day ?? '1', 1, 28, faults, ', since every month has those; else use --cron');
  const hour = whole('--hour', flags.hour ?? '6', 0, 23, faults);
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

function whole(name: string, text: string, least: number, most: number, faults: string[], why = ''): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    faults.push(`${name} is ${JSON.stringify(text)}, not a whole number from ${least} to ${most}${why}`);
  return value;
}

function duration(text: string, faults: string[]): number {
  const [, number, unit = ''] = text.match(/^([0-9]+)([mhd])$/) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? 0);
  if (!(ms > 0 && ms <= 366 * DAY_MS))
    faults.push(`--catchup is ${JSON.stringify(text)}, not a time of at most a year such as 3d, 12h or 30m`);
  return ms;
}
