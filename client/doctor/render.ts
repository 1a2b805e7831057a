import { wrap } from '../text.ts';
import { type Check, GROUPS, type GroupName, type Outcome } from './check.ts';
import { type CheckId, checkOf, groupOf, IDS } from './checks/index.ts';

/** Of a terminal that is not told; and the longest line that is read well. */
const COLUMNS = 80;
const MOST_COLUMNS = 100;
const MARKS: Record<Outcome['status'], string> = { ok: '✓', warning: '!', failed: '✗', skipped: '-' };

/** What all outcomes come to: findings are what has to be mended. */
export type Verdict = 'ok' | 'warnings' | 'findings';

export function verdictOf(outcomes: readonly Outcome[], strict: boolean): Verdict {
  const has = (status: Outcome['status']) => outcomes.some((one) => one.status === status);
  if (has('failed') || (strict && has('warning'))) return 'findings';
  return has('warning') ? 'warnings' : 'ok';
}

/** What is well is counted, what is not is told with its remedy. */
export function renderOutcomes(outcomes: readonly Outcome[], columns: number = COLUMNS): string {
  const groups = [...new Set(outcomes.map(({ group }) => group))];
  const lines = groups.flatMap((group) => {
    const members = outcomes.filter((one) => one.group === group);
    const well = members.filter(({ status }) => status === 'ok').length;
    return [
      `${group}: ${well} of ${members.length} are well`,
      ...members
        .filter(({ status }) => status === 'warning' || status === 'failed')
        .flatMap((one) => tell(one, columns)),
      ...tellSkipped(members),
    ];
  });
  return [...lines, '', summary(outcomes)].join('\n');
}

/** One line for all that were skipped for the same reason: a server that is down leaves dozens. */
function tellSkipped(members: readonly Outcome[]): string[] {
  const skipped = members.filter(({ status }) => status === 'skipped');
  return [...new Set(skipped.map(({ seen }) => seen))].map((reason) => {
    const [first, ...others] = skipped.filter(({ seen }) => seen === reason).map(({ id }) => id);
    return `  ${MARKS.skipped} ${others.length > 0 ? `${others.length + 1} are skipped` : first}: ${reason}`;
  });
}

function tell({ id, status, title, seen, expected, why, remedy, docs }: Outcome, columns: number): string[] {
  const width = Math.min(columns, MOST_COLUMNS);
  const part = (name: string, text: string) => wrap(`      ${name.padEnd(9)} ${text}`, width, ' '.repeat(16));
  const { commands = [], note, as } = remedy ?? {};
  return [
    `  ${MARKS[status]} ${id}`,
    ...part('checked', title),
    ...part('seen', seen),
    ...part('expected', expected),
    ...part('why', why),
    // A command stands on a line of its own, however long: it is there to be pasted.
    ...(commands.length > 0 ? [`      ${MENDING[as ?? 'operator']}`, ...commands.map((one) => `        ${one}`)] : []),
    ...(note ? part(commands.length > 0 ? 'note' : 'mend', note) : []),
    ...part('more', docs),
  ];
}

const MENDING = {
  operator: 'mend',
  dba: 'mend, as a DBA ($PP_DBA_URL)',
  'portal owner': "mend, as the portal's owner ($PP_PORTAL_DATABASE_URL)",
} as const;

function summary(outcomes: readonly Outcome[]): string {
  const count = (status: Outcome['status']) => outcomes.filter((one) => one.status === status).length;
  const parts = [
    [count('failed'), 'to mend'],
    [count('warning'), 'to look at'],
    [count('skipped'), 'skipped'],
    [count('ok'), 'well'],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, what]) => `${n} ${what}`)
    .join(', ');
}

export interface Listed {
  group: string;
  checks: { id: CheckId; title: string }[];
}

/** All checks by their groups. */
export function listed(): Listed[] {
  return (Object.keys(GROUPS) as GroupName[]).map((name) => ({
    group: GROUPS[name],
    checks: IDS.filter((id) => groupOf(id) === name).map((id) => ({ id, title: (checkOf(id) satisfies Check).title })),
  }));
}

export function renderList(groups: readonly Listed[]): string {
  const width = Math.max(...IDS.map((id) => id.length));
  return groups
    .flatMap(({ group, checks }) => [group, ...checks.map(({ id, title }) => `  ${id.padEnd(width)}  ${title}`)])
    .join('\n');
}
