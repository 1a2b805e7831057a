import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness({ filled: false });
});
// Nothing of all that was refused has left a row, or a workflow that runs.
afterAll(async () => {
  const rows = await harness?.live('select label from releases');
  await harness?.close();
  expect(rows).toEqual([]);
});

/** What the command line says to arguments that it must refuse: one message, no stack trace. */
async function refused(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await harness.pp(args, env);
  expect([args, code, stdout]).toEqual([args, 2, '']);
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr;
}

const oneLine = (text: string) => expect(text.trim().split('\n')).toHaveLength(1);

describe('a label that is none is refused with exit code 2, the rule and an example', () => {
  const labels = [
    'apr2026',
    'Foo2026',
    'Apr26',
    '',
    ' Apr2026',
    "Apr2026'; drop table releases; --",
    '../Apr2026',
    'Apr2026"',
    'Apr2026\n',
  ];

  it.each(labels)('%j', async (label) => {
    const message = await refused(['start', label]);
    expect(message).toContain(`${JSON.stringify(label)} is no label`);
    expect(message).toContain('a month and a year such as Apr2026');
    oneLine(message);
  });

  it('none at all', async () => {
    const message = await refused(['start']);
    expect(message).toMatch(/label is missing: .*such as Apr2026/);
    oneLine(message);
  });
});

describe('phases and importers that make no sense are refused with exit code 2, naming those that there are', () => {
  it.each([
    [['--start-at', 'swap'], /"swap" is no phase; the phases are acquire_lock, .*reset_checkpoints/],
    [['--stop-after', 'Preflight'], /"Preflight" is no phase/],
    [['--only-phases', 'preflight,swap'], /"swap" is no phase/],
    [
      ['--start-at', 'import_core', '--stop-after', 'preflight'],
      /startAt import_core comes after stopAfter preflight: no phase would run/,
    ],
    [['--only-phases', 'preflight', '--start-at', 'finalise_swap'], /none of onlyPhases \(preflight\) lies between/],
    [['--only', 'sources,parcc'], /unknown importers: parcc; known are sources, protected_areas, .*pame/],
    [['--skip', 'nothing'], /unknown importers: nothing; known are/],
    [['--mode', 'fast'], /mode is one of direct, review, dry-run/],
    [['--on-failure', 'shrug'], /onFailure is one of wait, fail/],
    [['--review-timeout', 'soon'], /--review-timeout is "soon", not a number of hours above 0/],
    [['--retry-timeout', '0'], /--retry-timeout is "0", not a number of hours above 0/],
    [['--soft-error-limit', '100.1'], /^[^;]*--soft-error-limit is "100.1", not a percentage from 0 to 100/],
    [['--soft-error-limit', '-1'], /--soft-error-limit is "-1", not a percentage from 0 to 100/],
    [['--soft-error-limit', '5%'], /--soft-error-limit is "5%", not a percentage from 0 to 100/],
    [['--soft-error-limit', ''], /--soft-error-limit is "", not a percentage from 0 to 100/],
    [['--sample', '0'], /"0", not a whole number above 0/],
    [['--sample', '1.5'], /"1.5", not a whole number above 0/],
  ])('%j', async (flags, message) => {
    const told = await refused(['start', 'Apr2026', ...flags]);
    expect(told).toMatch(message);
    oneLine(told);
  });

  it('through the environment: all faults together in one message', async () => {
    const told = await refused(['start'], {
      PP_RELEASE_LABEL: 'april',
      PP_RELEASE_DRY_RUN: 'maybe',
      PP_RELEASE_SKIP_TO: 'nowhere',
      PP_RELEASE_STAGING_LIGHTWEIGHT: '2',
      PP_IMPORT_SAMPLE: 'ten',
      PP_IMPORT_SOFT_ERROR_LIMIT: '101',
      PP_IMPORT_ONLY: 'everything',
    });
    for (const part of [
      '"april"',
      'PP_RELEASE_DRY_RUN is "maybe"',
      '"nowhere" is no phase',
      'PP_RELEASE_STAGING_LIGHTWEIGHT is "2"',
      'is "101", not a percentage from 0 to 100',
    ]) {
      expect(told).toContain(part);
    }
    expect(told).toMatch(/PP_IMPORT_SAMPLE is "ten".*unknown importers: everything/);
    oneLine(told);
  });
});

it.each([-0.5, 100.5, '5'])(
  'softErrorLimit %j in the input itself fails the workflow at once',
  async (softErrorLimit) => {
    const input = { label: 'Apr2026', softErrorLimit };
    const run = { workflowId: `limit ${softErrorLimit}`, taskQueue: 'pp-release', args: [input] };
    const failure = await harness.temporal.workflow.execute('portalRelease', run).catch((error: Error) => error);
    expect(failure.cause).toMatchObject({ type: 'BadInput', message: expect.stringContaining('softErrorLimit') });
  },
);

describe('bad usage is refused with exit code 2 and says where help is', () => {
  it.each([
    [['strat', 'Apr2026'], /unknown command 'strat'/],
    [['start', 'Apr2026', '--dry'], /unknown option '--dry'/],
    [['start', 'Apr2026', 'May2026'], /too many arguments/],
    [['start', 'Apr2026', '--mode'], /argument missing/],
  ])('%j', async (args, message) => {
    const told = await refused(args);
    expect(told).toMatch(message);
    expect(told).toContain('pp-release --help');
  });

  it('help is no error', async () => {
    const { code, stdout } = await harness.pp(['--help']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('start')]);
  });
});

it('a stack trace is printed when asked for, and only then', async () => {
  for (const [args, env] of [
    [['--verbose'], {}],
    [[], { PP_DEBUG: '1' }],
  ] as const) {
    const { code, stderr } = await harness.pp(['start', 'apr2026', ...args], env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^\s+at /m)]);
  }
});

it('--json gives the faults as JSON', async () => {
  const { code, stdout } = await harness.pp(['start', 'apr2026', '--start-at', 'swap', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    error: expect.stringContaining('apr2026'),
    faults: [expect.any(String), expect.any(String)],
  });
});
