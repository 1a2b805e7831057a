import {
  describeStagingLeft,
  describeWaiting,
  type LockHolder,
  type StepStatus,
  type WaitingFor,
} from '../contracts/index.ts';
import type { PendingStep, StatusReport } from './status.ts';
import { cut, inEightLines } from './text.ts';

const MARKS = { pending: ' ', running: '>', done: '✓', skipped: '-', failed: '✗' } as const;

/** One line a phase, with its time, its counts, and what it is doing right now. */
export function renderPhases(phases: StepStatus[], pending: PendingStep[]): string[] {
  return phases.flatMap((phase) => [
    renderPhase(phase, pending),
    ...(phase.steps ?? []).map((step) => renderStep(step, pending)),
  ]);
}

/** @param columns of the terminal: where it is narrow, the name gives way and not the time */
export function renderPhase(phase: StepStatus, pending: PendingStep[], columns?: number): string {
  return line(phase, phase.progress === 'running' && !phase.steps ? doing(pending[0]) : undefined, 0, columns);
}

/** One importer of a phase. */
export function renderStep(step: StepStatus, pending: PendingStep[], columns?: number): string {
  return line(step, step.progress === 'running' ? detailOf(step, pending) : undefined, 2, columns);
}

function detailOf(step: StepStatus, pending: PendingStep[]): string | undefined {
  return doing(pending.find((activity) => activity.step === `importer ${step.name}`));
}

/** What an activity says of itself, and how far it has got. */
function doing(activity: PendingStep | undefined): string | undefined {
  if (!activity?.amount || activity.amount.done === 0) return activity?.detail;
  const { done, expected, unit } = activity.amount;
  const show = (value: number) => (unit === 'bytes' ? `${(value / 1e6).toFixed(1)} MB` : value.toLocaleString('en'));
  return `${activity.detail}, ${show(done)}${expected ? ` of about ${show(Math.max(done, expected))}` : ''}`;
}

const NAME_COLUMNS = 34;
const TIME_COLUMNS = 9;

function line(
  step: StepStatus,
  detail: string | undefined,
  indent: number,
  columns = Number.POSITIVE_INFINITY,
): string {
  const seconds = step.seconds ?? (step.progress === 'running' && step.startedAt ? elapsed(step.startedAt) : undefined);
  const time = seconds === undefined ? '' : `${seconds.toFixed(1)} s`;
  // The mark, blanks, and … where counts follow that are cut.
  const width = Math.max(0, Math.min(NAME_COLUMNS, columns - TIME_COLUMNS - 6));
  const name = cut(`${' '.repeat(indent)}${step.name}`, width).padEnd(width);
  return `${MARKS[step.progress]} ${name} ${time.padStart(TIME_COLUMNS)}  ${detail ?? summary(step.result)}`.trimEnd();
}

function elapsed(since: string): number {
  return Math.max(0, (Date.now() - Date.parse(since)) / 1000);
}

/** Counts at the top level, the largest first, and one level down as a sum, as `name 123`. */
function summary(result: Record<string, unknown> | undefined): string {
  const entries = Object.entries(result ?? {});
  const counts = entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const numbers = counts.sort((a, b) => b[1] - a[1]).map(([name, value]) => `${name} ${value.toLocaleString('en')}`);
  const texts = entries.flatMap(([name, value]) =>
    typeof value === 'string' ? [name === 'digest' ? `${name} ${value.slice(0, 12)}` : `${name} ${value}`] : [],
  );
  const sums = entries.flatMap(([name, value]) => sumOf(name, value));
  return [...texts, ...sums, ...numbers].slice(0, 6).join(', ');
}

function sumOf(name: string, value: unknown): string[] {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return [];
  const counts = Object.values(value).filter((count) => typeof count === 'number');
  if (counts.length === 0) return [];
  return [`${name}: ${counts.reduce((a, b) => a + b, 0).toLocaleString('en')} rows in ${counts.length} relations`];
}

/** What it waits for, and each command that answers. */
export function renderWaiting(waitingFor: WaitingFor): string[] {
  const width = Math.max(0, ...waitingFor.answers.map(({ command }) => command.length));
  return [
    inEightLines(`it ${describeWaiting(waitingFor)}`, '--json has all of it'),
    ...waitingFor.answers.map(({ command, effect }) => `  ${command.padEnd(width)}  ${effect}`),
  ];
}

/** Who holds the release lock, since when and for what. */
export function describeLock({ purpose, workflowId, since, pid, application }: LockHolder): string {
  const who = [
    workflowId && `workflow ${workflowId}`,
    pid && `session ${pid}`,
    application && `application ${application}`,
  ].filter(Boolean);
  return `the release lock is held for ${purpose} since ${since} (${who.join(', ')})`;
}

export function renderStatus(report: StatusReport): string {
  const lines = [
    `release ${report.id} ${report.label}: ${report.state}${report.is_current ? ', current' : ''}`,
    `  started ${report.created_at}, last change ${report.updated_at}`,
  ];
  if (report.error_text) lines.push(`  ${inEightLines(report.error_text, '--json has all of it')}`);
  if (report.manifest_path) lines.push(`  manifest ${report.manifest_path}`);
  if (report.backup_stamp) lines.push(`  its data is in backup ${report.backup_stamp}`);
  if (report.lock) lines.push(`  ${describeLock(report.lock)}`);
  if (report.unanswered) lines.push(`  ${report.unanswered}`);
  if (report.workflow) {
    lines.push('', ...renderPhases(report.workflow.phases, report.pending));
    if (report.workflow.waitingFor) lines.push('', ...renderWaiting(report.workflow.waitingFor));
    const { stagingLeft } = report.workflow;
    if (stagingLeft) lines.push(describeStagingLeft(stagingLeft));
    if (report.workflow.lastRefusal) lines.push(`a signal was not taken: ${report.workflow.lastRefusal}`);
    for (const blocker of report.workflow.lastBlockers ?? []) {
      lines.push(
        `in the way: pid ${blocker.pid}, role ${blocker.role}, ${blocker.application || 'no application name'}, on ${blocker.relation} for ${Math.round(blocker.ageSeconds)} s: ${blocker.query}`,
      );
    }
  }
  for (const { activity, attempt, lastFailure } of report.pending) {
    if (lastFailure) lines.push(`${activity}, attempt ${attempt}: the last one failed with ${lastFailure}`);
  }
  return lines.join('\n');
}
