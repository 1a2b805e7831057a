import type { ReleaseStatus, StepStatus } from '../contracts/index.ts';
import { describeParked, describeStagingLeft, describeWaiting } from '../contracts/index.ts';

/** What the Web UI shows on a release's page, in Markdown: what it waits for, and its phases. */
export function detailsOf(status: ReleaseStatus): string {
  const { label, releaseId, mode, state, dryRun, waitingFor, lastFailure, lastRefusal } = status;
  const { parked, goOn, stagingLeft } = status;
  const head = [`release ${releaseId ?? ''} ${label}`.replace('  ', ' '), `mode ${mode}`, `state ${state}`];
  if (dryRun) head.push('dry run');
  const rows = status.phases.flatMap((phase) => [row(phase), ...(phase.steps ?? []).map((step) => row(step, '↳ '))]);
  return [
    `**${head.join(' · ')}**`,
    '',
    ...(waitingFor ? waitingLines(waitingFor) : []),
    ...(lastFailure && !waitingFor
      ? [`Last failure, in ${lastFailure.phase}: ${lastFailure.type}: ${cell(lastFailure.message)}`, '']
      : []),
    ...(parked ? [`It was **${cell(describeParked(parked, undefined))}**`, ''] : []),
    ...(goOn && !parked ? [`Go on with \`${goOn}\``, ''] : []),
    ...(stagingLeft ? [cell(describeStagingLeft(stagingLeft)), ''] : []),
    ...(lastRefusal ? [`A signal was not taken: ${cell(lastRefusal)}`, ''] : []),
    '| phase | progress | seconds | counts |',
    '| --- | --- | ---: | --- |',
    ...rows,
  ].join('\n');
}

function waitingLines(waitingFor: NonNullable<ReleaseStatus['waitingFor']>): string[] {
  return [
    `It **${describeWaiting(waitingFor)}**`,
    '',
    ...waitingFor.answers.flatMap(({ command, message, effect }) => [
      `- \`${command}\` or message \`${message}\`: ${effect}`,
    ]),
    '',
  ];
}

function row({ name, progress, seconds, result }: StepStatus, indent = ''): string {
  return `| ${indent}${name} | ${progress} | ${seconds?.toFixed(1) ?? ''} | ${cell(countsOf(result))} |`;
}

function countsOf(result: Record<string, unknown> | undefined): string {
  const small = Object.entries(result ?? {}).flatMap(([name, value]) =>
    typeof value === 'number' || typeof value === 'string' ? [`${name} ${shortened(value)}`] : [],
  );
  return small.slice(0, 8).join(', ');
}

function shortened(value: number | string): string {
  return typeof value === 'number' ? value.toLocaleString('en') : value.slice(0, 80);
}

/** A table's cell is one line without bars. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
