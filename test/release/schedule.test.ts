import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleReport } from '../../client/schedule_report.ts';
import { labelOf } from '../../contracts/index.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { lockIsFree, releaseOf } from '../support/state.ts';
import { waitsFor } from '../support/waiting.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness({ sites: 100 });
});
afterAll(() => harness?.close());

const pp = (...args: string[]) => harness.pp(['schedule', ...args]);

async function report(...args: string[]): Promise<ScheduleReport> {
  const { code, stdout, stderr } = await pp('describe', '--json', ...args);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as ScheduleReport;
}

/** As a person does for a month that was missed. */
async function backfill(id: string, from: string, to: string): Promise<void> {
  const overlap = 'SKIP' as const;
  await harness.temporal.schedule.getHandle(id).backfill({ start: new Date(from), end: new Date(to), overlap });
}

describe('the command line', () => {
  it('create: monthly, on the 1st at 06:00 UTC, under review, overlap skipped, caught up for three days', async () => {
    const { code, stdout, stderr } = await pp('create');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /schedule portal-release-monthly is made: monthly on day 1 at 06:00 \(UTC\), mode review; the next release is \w{3}\d{4} at \d{4}-\d\d-01T06:00/,
    );
    const found = await report();
    expect(found).toMatchObject({
      paused: false,
      when: ['monthly on day 1 at 06:00'],
      timeZone: 'UTC',
      catchupSeconds: 3 * 86_400,
      input: { scheduleTimeZone: 'UTC', mode: 'review' },
      lastActions: [],
    });
    expect(found.nextTimes.map(({ at }) => at.slice(7))).toEqual(Array(3).fill('-01T06:00:00.000Z'));
    for (const { at, label } of found.nextTimes) expect(label).toBe(labelOf(new Date(at)));
    const { policies, action } = await harness.temporal.schedule.getHandle('portal-release-monthly').describe();
    expect(policies.overlap).toBe('SKIP');
    expect(action).toMatchObject({ workflowType: 'portalRelease', taskQueue: 'pp-release' });
  });

  it('create again is refused, pause and resume keep their note, delete deletes, and then there is none', async () => {
    const again = await pp('create');
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('is there already')]);
    expect((await pp('pause', '--note', 'the portal moves')).code).toBe(0);
    expect(await report()).toMatchObject({ paused: true, note: 'the portal moves' });
    expect((await pp('describe')).stdout).toContain('(UTC), paused: the portal moves');
    expect((await pp('resume', '--note', 'moved')).code).toBe(0);
    expect(await report()).toMatchObject({ paused: false, note: 'moved' });
    expect((await pp('delete')).code).toBe(0);
    for (const command of ['describe', 'pause', 'resume', 'trigger', 'delete']) {
      const { code, stderr } = await pp(command);
      expect([command, code, stderr]).toEqual([
        command,
        3,
        expect.stringMatching(/there is no schedule portal-release-monthly in namespace .*pp-release schedule create/),
      ]);
    }
  });

  it.each([
    [['--time-zone', 'Middle/Earth'], /--time-zone "Middle\/Earth" is not known: a time zone is a name such as UTC/],
    [['--time-zone', '+13:00'], /--time-zone "\+13:00" is not known/],
    [['--day', '31'], /--day is "31", not a whole number from 1 to 28/],
    [['--hour', 'six', '--mode', 'fast'], /--hour is "six".*--mode is "fast", not one of direct, review, dry-run/],
    [['--cron', '0 6 1 *'], /--cron "0 6 1 \*" has not five fields/],
    [['--cron', '0 99 1 * *'], /Temporal does not take schedule portal-release-monthly/],
    [['--cron', '0 6 1 * *', '--day', '2'], /leave --day and --hour out/],
    [['--catchup', 'long'], /--catchup is "long"/],
    [['--on-failure', 'panic'], /--on-failure is "panic", not one of wait, fail/],
  ])('wrong use of create is refused with exit 2: %j', async (args, message) => {
    const { code, stderr } = await pp('create', ...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('a schedule that would never start anything is refused, and is not left behind', async () => {
    const { code, stdout, stderr } = await pp('create', '--id', 'never', '--cron', '0 6 30 2 *');
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/schedule never was not made: cron 0 6 30 2 \* \(UTC\) never comes/),
    ]);
    expect((await pp('describe', '--id', 'never')).code).toBe(3);
  });
});

describe('what a schedule starts', () => {
  it('a backfilled month is the release of that month, waits for its promote, and the next one is skipped', async () => {
    expect((await pp('create', '--id', 'monthly')).code).toBe(0);
    await backfill('monthly', '2024-02-28T00:00:00Z', '2024-03-02T00:00:00Z');
    await waitsFor(harness, 'promote');
    const release = await releaseOf(harness, 'Mar2024');
    expect(release).toMatchObject({ workflow_id: 'portal-release-2024-03-01T06:00:00Z', state: 'validating' });
    const workflow = harness.temporal.workflow.getHandle(release.workflow_id);
    expect((await workflow.describe()).searchAttributes.PpLabel).toEqual(['Mar2024']);
    expect(await workflow.query('status')).toMatchObject({ label: 'Mar2024', mode: 'review' });

    const trigger = await pp('trigger', '--id', 'monthly');
    expect([trigger.code, trigger.stderr]).toEqual([
      3,
      expect.stringContaining('its workflow portal-release-2024-03-01T06:00:00Z is still running'),
    ]);
    await backfill('monthly', '2024-03-28T00:00:00Z', '2024-04-02T00:00:00Z');
    await eventually('it was skipped', async () => (await report('--id', 'monthly')).skippedForOverlap === 1);
    const { lastActions } = await report('--id', 'monthly');
    expect(lastActions).toMatchObject([
      { label: 'Mar2024', scheduledFor: '2024-03-01T06:00:00.000Z', status: 'running' },
    ]);
    const park = await harness.pp(['park']);
    expect([park.code, park.stderr]).toEqual([0, '']);
    await eventually('the lock is free', () => lockIsFree(harness));
  });

  it('the 1st at 00:30 in Auckland is that month, though it is the month before in UTC', async () => {
    const { code, stderr } = await pp(
      ...['create', '--id', 'auckland', '--cron', '30 0 1 * *'],
      ...['--time-zone', 'Pacific/Auckland', '--mode', 'dry-run', '--on-failure', 'fail'],
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(await report('--id', 'auckland')).toMatchObject({ when: ['cron 30 0 1 * *'], timeZone: 'Pacific/Auckland' });
    await backfill('auckland', '2024-06-30T12:00:00Z', '2024-06-30T13:00:00Z');
    const workflow = harness.temporal.workflow.getHandle('portal-release-2024-06-30T12:30:00Z');
    await eventually('it has started', () =>
      workflow.describe().then(
        () => true,
        () => false,
      ),
    );
    expect(await workflow.result()).toMatchObject({ label: 'Jul2024', state: 'validating' });
  });

  it("trigger starts this month's release now", async () => {
    const earliest = labelOf(new Date());
    const { code, stdout, stderr } = await pp('trigger', '--id', 'auckland', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { workflowId, label } = JSON.parse(stdout) as { workflowId: string; label: string };
    const result = await harness.temporal.workflow.getHandle(workflowId).result();
    expect(result).toMatchObject({ label });
    expect([earliest, labelOf(new Date(), 'Pacific/Auckland')]).toContain(label);
  });

  it('without a schedule, scheduleTimeZone gives no label: the workflow fails with what to do', async () => {
    const start = (input: object) =>
      harness.temporal.workflow
        .execute('portalRelease', {
          workflowId: `by hand ${JSON.stringify(input)}`,
          taskQueue: 'pp-release',
          args: [input],
        })
        .then(
          () => '',
          (error: Error) => String((error.cause as Error).message),
        );
    expect(await start({ scheduleTimeZone: 'UTC' })).toMatch(
      /label is missing, and no schedule has started this workflow: it has no search attribute TemporalScheduledStartTime; give a label/,
    );
    expect(await start({ scheduleTimeZone: 'UTC', label: 'Apr2026' })).toMatch(/both there/);
    expect(await start({ scheduleTimeZone: 'Middle/Earth' })).toMatch(/"Middle\/Earth" is not known/);
  });
});
