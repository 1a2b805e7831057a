import type { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { lockIsFree, releaseOf } from '../support/state.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness?.close());

/** As `temporal workflow start --type portalRelease --task-queue pp-release --input …` does it. */
const run = (workflowId: string, args: unknown[]) =>
  harness.temporal.workflow.execute('portalRelease', { workflowId, taskQueue: 'pp-release', args });

describe('input that is no release fails the workflow at once with a BadInput that a person can read', () => {
  it.each([
    ['a bad label', [{ label: 'apr2026' }], /"apr2026" is no label: a label is a month and a year such as Apr2026/],
    ['no label', [{}], /label is missing/],
    ['a label that is no text', [{ label: 202604 }], /label/],
    ['a text', ['x'], /expected object/],
    ['nothing', [], /label is missing/],
    ['null', [null], /label is missing/],
    ['a list', [[{ label: 'Apr2026' }]], /expected object/],
    [
      'an unknown field',
      [{ label: 'Apr2026', dryRun: true }],
      /unknown field dryRun; known are label, scheduleTimeZone, mode/,
    ],
    ['an unknown phase', [{ label: 'Apr2026', startAt: 'swap' }], /"swap" is no phase; the phases are acquire_lock/],
    [
      'several faults',
      [{ label: 'x', mode: 'y', importSample: -1 }],
      /"x" is no label.*mode is one of.*importSample is a whole number/,
    ],
    [
      'an unknown importer',
      [{ label: 'Apr2026', importOnly: ['parcc'] }],
      /unknown importers: parcc; known are sources/,
    ],
    ['an unknown view', [{ label: 'Apr2026', allowEmpty: ['nosuch'] }], /unknown views: nosuch; known are portal_iso3/],
    ['a name with a NUL', [{ label: 'Apr2026', endBlockersFor: 'K\u0000' }], /endBlockersFor has a control character/],
  ])('%s', async (name, args, message) => {
    const failure = await run(`bad ${name}`, args).then(
      () => undefined,
      (error: WorkflowFailedError) => error,
    );
    const causes = [failure?.cause, failure?.cause?.cause];
    expect(causes).toContainEqual(
      expect.objectContaining({ type: 'BadInput', message: expect.stringMatching(message) }),
    );
  });

  it('and leaves no row and no lock', async () => {
    expect(await harness.live('select from releases')).toEqual([]);
    expect(await lockIsFree(harness)).toBe(true);
  });
});

it('{"label":"Feb2027"} is enough, under any workflow id, and the commands find that release', async () => {
  expect(await run('some id of my own', [{ label: 'Feb2027' }])).toMatchObject({
    label: 'Feb2027',
    state: 'succeeded',
  });
  expect(await releaseOf(harness, 'Feb2027')).toMatchObject({ state: 'succeeded', workflow_id: 'some id of my own' });
  const { code, stdout } = await harness.pp(['status', 'Feb2027', '--json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    {
      label: 'Feb2027',
      state: 'succeeded',
      workflow_id: 'some id of my own',
      workflow: { state: 'succeeded' },
      lock: null,
    },
  ]);
});

it('--json gives one JSON document of a release that succeeds, that is looked at, and that fails', async () => {
  const started = await harness.pp(['start', 'Mar2027', '--stop-after', 'preflight', '--wait', '--json']);
  expect([started.code, JSON.parse(started.stdout)]).toMatchObject([
    0,
    { label: 'Mar2027', state: 'preflight_ok', stoppedAfter: 'preflight' },
  ]);
  const failed = await harness.pp(['start', 'Apr2027', '--start-at', 'finalise_swap', '--wait', '--json']);
  expect([failed.code, JSON.parse(failed.stdout)]).toMatchObject([1, { error: expect.stringContaining('Apr2027') }]);
  const none = await harness.pp(['abort', '--json']);
  expect([none.code, JSON.parse(none.stdout)]).toMatchObject([
    3,
    { error: expect.stringContaining('nothing is running') },
  ]);
});
