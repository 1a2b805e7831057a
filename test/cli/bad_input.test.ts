import { closeSync, openSync } from 'node:fs';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOfOption } from '../../client/flags.ts';
import { hours, percentage, sample, whole } from '../../client/kinds.ts';
import { program } from '../../client/main.ts';
import {
  cleanupInputSchema,
  isLabel,
  parseInput,
  parseReleaseRequest,
  rollbackInputSchema,
} from '../../contracts/index.ts';
import { readWorkerConfig } from '../../worker/config.ts';
import { createLog } from '../../worker/log.ts';
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

  it('letters that only look alike are none', () => {
    for (const odd of [
      '\u0410pr2026',
      'Apr\uff12\uff10\uff12\uff16',
      'Apr2026\u200b',
      '\u017fep2026',
      'Apr2026\u0000',
      'Apr\u00a02026',
    ]) {
      expect([odd, isLabel(odd)]).toEqual([odd, false]);
    }
    expect(['Jan0000', 'Dec9999'].map(isLabel)).toEqual([true, true]);
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
    [['--only-phases', 'preflight,swap'], /--only-phases names unknown phases: swap; known are acquire_lock/],
    [
      ['--start-at', 'import_core', '--stop-after', 'preflight'],
      /startAt import_core comes after stopAfter preflight: no phase would run/,
    ],
    [['--only-phases', 'preflight', '--start-at', 'finalise_swap'], /none of onlyPhases \(preflight\) lies between/],
    [['--only', 'sources,parcc'], /--only names unknown importers: parcc; known are sources, protected_areas, .*pame/],
    [['--skip', 'nothing'], /--skip names unknown importers: nothing; known are/],
    [['--allow-empty', 'nosuchview,DROP'], /--allow-empty names unknown views: nosuchview, DROP; known are portal_/],
    [['--mode', 'fast'], /--mode is "fast", not one of direct, review, dry-run/],
    [['--on-failure', 'shrug'], /--on-failure is "shrug", not one of wait, fail/],
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
    expect(told).toMatch(/PP_IMPORT_ONLY names unknown importers: everything.*PP_IMPORT_SAMPLE is "ten"/);
    oneLine(told);
  });
});

describe('a flag that is empty, and a number that is none, start nothing', () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const flags = all(program).flatMap((command) =>
    command.options.filter(({ required }) => required).map((option) => [command.name(), option] as const),
  );

  it('every flag of every command is read by a kind, and none takes an empty text or a blank', async () => {
    expect(flags.length).toBeGreaterThan(35);
    for (const [command, option] of flags) {
      for (const text of ['', ' ', '\t', '\u0000']) {
        const read = await kindOfOption(option)(text);
        expect([command, option.long, text, read]).toEqual([command, option.long, text, { fault: expect.any(String) }]);
      }
    }
  });

  it('numbers are written in digits', async () => {
    for (const kind of [whole('whole'), sample, percentage, hours]) {
      for (const text of ['1e1', '0x1', '1.', '.5', ' 1', '1 ', '+1', '1_0', 'NaN', 'Infinity', '٣']) {
        expect([text, await kind(text)]).toEqual([text, { fault: expect.stringContaining(JSON.stringify(text)) }]);
      }
      expect(await kind('07')).toEqual({ value: 7 });
    }
    expect(await hours('0.5')).toEqual({ value: 0.5 });
    expect(await whole('whole')('9007199254740993')).toEqual({ fault: expect.any(String) });
  });

  it.each([
    [['backups', 'clean', '--keep', ''], /--keep is "", not a whole number from 0 on/],
    [['start', 'Apr2026', '--only-phases', ''], /--only-phases is "", not names of phases/],
    [['start', 'Apr2026', '--only', 'sources,,pame'], /--only is "sources,,pame", not names of importers with a comma/],
    [['schedule', 'pause', '--note', ''], /--note is empty/],
    [['migrate', '--portal', ''], /--portal is empty/],
    // An empty label is not the release that happens to run.
    [['promote', '', '--yes'], /"" is no label/],
    [['status', ''], /"" is no label/],
  ])('%j', async (args, message) => {
    const told = await refused(args);
    expect(told).toMatch(message);
    oneLine(told);
  });

  it('the last backup is not dropped without a second word', async () => {
    expect(await refused(['backups', 'clean', '--keep', '0'])).toMatch(
      /--keep 0 was not done: it would drop the last backup, .*add --yes/,
    );
  });
});

describe('a variable that is empty counts as unset, and that is said where it decides something', () => {
  it('of a release, and who asks for it', async () => {
    // No worker polls that queue of a namespace of its own: the start ends there.
    const env = { PP_IMPORT_ONLY: '', PP_RELEASE_DRY_RUN: ' ', PP_IMPORT_SAMPLE: '', PP_OPERATOR: '' };
    const { stderr } = await harness.pp(
      ['start', 'apr2026', '--sample', '5', '--mode', 'direct', '--end-blockers'],
      env,
    );
    expect(stderr).not.toContain('is empty');
    const told = await harness.pp(['start', '--end-blockers'], env);
    expect([told.code, told.stderr]).toEqual([
      2,
      expect.stringMatching(/^PP_IMPORT_ONLY is empty and counts as unset$/m),
    ]);
    expect(told.stderr).toContain('PP_RELEASE_DRY_RUN is empty and counts as unset');
    expect(told.stderr).toContain('PP_OPERATOR is empty and counts as unset');
  });

  it('of the worker: a blank is no count of backups', () => {
    const needed = { PP_DATABASE_URL: 'postgres://a@b/c' };
    for (const blank of ['', ' ', '\t']) {
      expect(readWorkerConfig({ ...needed, PP_KEEP_BACKUP_COUNT: blank })).toMatchObject({ keepBackups: 1 });
    }
    for (const odd of ['1e1', '0x1', ' 2', '-1', '1.5']) {
      expect(() => readWorkerConfig({ ...needed, PP_KEEP_BACKUP_COUNT: odd })).toThrow(
        `PP_KEEP_BACKUP_COUNT is ${JSON.stringify(odd)}, not a whole number from 0 on`,
      );
    }
  });

  it('a name that is none is refused', async () => {
    expect(await refused(['start', 'Apr2026', '--end-blockers'], { PP_OPERATOR: 'Kim\nJo' })).toContain(
      'PP_OPERATOR has a control character: "Kim\\nJo"',
    );
  });
});

it('names with control characters are refused in the input of every workflow', () => {
  for (const name of ['K\u0000im', 'Kim\nJo', '\udc00', '', ' ', 'K'.repeat(201)]) {
    for (const parsed of [
      parseReleaseRequest({ label: 'Apr2026', endBlockersFor: name }),
      parseInput(rollbackInputSchema, { stamp: '2604010600', by: name }),
      parseInput(rollbackInputSchema, { stamp: '2604010600', endBlockersFor: name }),
      parseInput(cleanupInputSchema, { keep: 1, by: name }),
    ]) {
      expect(parsed).toEqual({ ok: false, problems: [expect.stringMatching(/^(by|endBlockersFor) (is empty|has )/)] });
    }
  }
  for (const view of ['nosuch\u0000', 'DROP', 'a b']) {
    expect(parseReleaseRequest({ label: 'Apr2026', allowEmpty: [view] }).ok).toBe(false);
  }
  for (const name of ['Kim', 'Zoë Ångström-李', "O'Neil 😀"]) {
    expect(parseInput(cleanupInputSchema, { keep: 0, allowNone: true, by: name })).toMatchObject({ ok: true });
  }
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

it('with --json wrong use gives one JSON document, and the message all the same', async () => {
  for (const [args, message] of [
    [['start', 'Apr2026', '--nope'], "unknown option '--nope'"],
    [['nope'], "unknown command 'nope'"],
    [['rollback'], "missing required argument 'STAMP'"],
    [['start', 'Apr2026', 'May2026'], 'too many arguments'],
    [['schedule'], 'which command?'],
    [['backups', 'clean', '--keep', ''], '--keep is ""'],
  ] as const) {
    const { code, stdout, stderr } = await harness.pp([...args, '--json']);
    expect([code, JSON.parse(stdout)]).toEqual([
      2,
      expect.objectContaining({ error: expect.stringContaining(message) }),
    ]);
    expect(stderr).not.toBe('');
  }
});

it('what cannot be written gives exit code 1 and one line; a reader that has gone changes nothing', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    const { code, stderr } = await harness.pp(['backups', 'list'], {}, { stdout: full });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^pp-release: standard output cannot be written: ENOSPC.*\n$/),
    ]);
    const both = await harness.pp(['backups', 'list'], {}, { stdout: full, stderr: full });
    expect(both.code).toBe(1);
    // Nor does a release fail because the log of its worker is full.
    expect(() => createLog('/dev/full')('info', 'a line', { of: 'a test' })).not.toThrow();
  } finally {
    closeSync(full);
  }
  const unread = await harness.pp(['status'], {}, { stdout: 'closed' });
  expect(unread).toEqual({ code: 0, stdout: '', stderr: '' });
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
