import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type DoctorOptions, doctor as runDoctor } from '../../client/commands/doctor.ts';
import { docsOf } from '../../client/doctor/check.ts';
import { checkOf, groupOf, IDS, isCheckId, needsOf } from '../../client/doctor/checks/index.ts';
import { readIds } from '../../client/doctor/ids.ts';
import { renderOutcomes } from '../../client/doctor/render.ts';
import { selected } from '../../client/doctor/run.ts';
import { word } from '../../client/doctor/shell.ts';
import { createOutput } from '../../client/output.ts';
import { ROOT } from '../../local/paths.ts';
import { runCommandLine } from '../support/release.ts';
import { rounds, scenarios } from './scenarios/index.ts';
import { releaseRounds, releaseScenarios } from './scenarios/release.ts';

/** No server is there: these commands need none. */
const NOWHERE = { PP_DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing', TEMPORAL_ADDRESS: '127.0.0.1:1' };

const doctor = (...args: string[]) => runCommandLine(['doctor', ...args], NOWHERE);

it('every check is broken and mended by a test', () => {
  expect(Object.keys({ ...scenarios, ...releaseScenarios }).sort()).toEqual([...IDS].sort());
  expect([...rounds, ...releaseRounds].flat().sort()).toEqual([...IDS].sort());
  expect(IDS.length).toBeGreaterThanOrEqual(60);
});

it('every check has its place in docs/doctor.md, with what it looks at and why it matters', () => {
  const page = readFileSync(join(ROOT, 'docs/doctor.md'), 'utf8').replace(/\n {2}/g, ' ');
  const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, id]) => id);
  expect(headings).toEqual(IDS);
  for (const id of IDS) {
    const { title, expected, why } = checkOf(id);
    for (const text of [`${title}.`, `${expected}.`, why]) expect(page).toContain(text);
  }
});

it('the anchors are those that GitHub gives the headings', () => {
  expect(docsOf('temporal.search_attributes')).toBe('docs/doctor.md#temporalsearch_attributes');
});

it('what a check needs is a check, and within its part it comes before', () => {
  for (const id of IDS) {
    expect((checkOf(id).needs ?? []).filter((need) => !isCheckId(need))).toEqual([]);
    const own = needsOf(id).filter((need) => groupOf(need) === groupOf(id));
    expect(own.filter((need) => IDS.indexOf(need) >= IDS.indexOf(id))).toEqual([]);
  }
});

it('a check brings what it needs, and --pre leaves out what needs a migrated database', () => {
  expect(selected({ only: ['portal.tables'] })).toEqual([
    'database.answers',
    'database.pooler',
    'database.settings',
    'portal.server',
    'portal.tables',
  ]);
  const pre = selected({ pre: true });
  expect(pre).toContain('database.postgis');
  expect(pre).not.toContain('database.migrations');
  expect(pre.filter((id) => ['portal', 'release'].includes(groupOf(id)))).toEqual([]);
});

it('the text fits into 80 columns, but for a command, which stands alone to be pasted, and says with whose rights', () => {
  const { title, expected, why } = checkOf('database.postgis');
  const commands = [`psql "$PP_DBA_URL" -c 'create extension postgis'${' -- more'.repeat(20)}`];
  const seen = 'it is not there '.repeat(10).trim();
  const remedy = { as: 'dba', commands, note: 'of the same version as the portal has it '.repeat(5) } as const;
  const docs = docsOf('database.postgis');
  const one = { id: 'database.postgis', group: 'live database', title, seen, expected, why, remedy, docs };
  const lines = renderOutcomes([{ ...one, status: 'failed' }]).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([`        ${commands[0]}`]);
  expect(lines).toContain('      mend, as a DBA ($PP_DBA_URL)');
});

it('words for a shell are quoted where they have to be', () => {
  expect(word('a/b-c_1.log')).toBe('a/b-c_1.log');
  expect(word("this month's")).toBe(`'this month'\\''s'`);
  expect(word('')).toBe(`''`);
});

it('an unknown check is refused with those that are near, and an empty one, too', async () => {
  expect(readIds('temporal.wroker')).toEqual({ fault: expect.stringContaining('near it are temporal.worker') });
  expect(readIds('migrations')).toEqual({ fault: expect.stringContaining('database.migrations') });
  const { code, stdout, stderr } = await doctor('--only', 'temporal.worker,portal.adress');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^pp-release: --only "portal.adress" is no check; near it are portal.address, /);
  expect(stderr).toContain('pp-release doctor --list');
  expect(readIds('')).toHaveProperty('fault');
});

it('flags that contradict each other are refused, and a check that writes without --probe', async () => {
  const refused = (options: DoctorOptions) =>
    expect(runDoctor(options, createOutput(true))).rejects.toMatchObject({ exitCode: 2 });
  await refused({ pre: true, release: 'Apr2026' });
  await refused({ pre: true, only: ['files.log'] });
  await refused({ pre: true, probe: true });
  await refused({ only: ['probe.swap'] });
  const { code, stderr } = await doctor('--release', 'april', '--timeout', '0');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--timeout is "0", not a number of seconds above 0')]);
});

it('--list prints every check by its part, and asks no server', async () => {
  const { code, stdout } = await doctor('--list');
  expect(code).toBe(0);
  for (const id of IDS) expect(stdout).toContain(`  ${id} `);
  const listed = JSON.parse((await doctor('--list', '--json')).stdout) as { checks: number; groups: object[] };
  expect([listed.checks, listed.groups.length]).toEqual([IDS.length, 7]);
});

it('where nothing answers each part is one finding, and the rest is skipped and names it', async () => {
  const { code, stdout } = await doctor();
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ temporal.answers\n +checked .*\n +seen +does not answer at 127.0.0.1:1\n/);
  expect(stdout).toMatch(/✗ database.answers\n/);
  expect(stdout).toMatch(/\nportal: 0 of \d+ are well\n {2}- \d+ are skipped: see database.answers\n/);
  expect(stdout).toMatch(/\n {2}- \d+ are skipped: see temporal.answers\n/);
  expect(stdout).toMatch(/\n2 to mend, .*skipped, .* well\n$/);
});
