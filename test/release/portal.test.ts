import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import * as faults from '../../local/portal/faults.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releaseOf, stagingRelations } from '../support/state.ts';

let harness: ReleaseHarness;
let before: Awaited<ReturnType<typeof liveState>>;

beforeAll(async () => {
  harness = await createHarness();
});
beforeEach(async () => {
  before = await liveState(harness);
});
afterAll(() => harness?.close());

const pointServerTo = (port: string) =>
  harness.live(`alter server portal_srv options (set port '${port.replace(/\D/g, '')}')`);

/** Nobody listens there: port 1 of loopback is tcpmux. */
const CLOSED_PORT = '1';

const REASON = /createStagingMaterializedViews, attempt \d+: the last one failed with .*could not connect to server/;

it('a portal that does not answer: status says why while it is tried again, abort ends it, nothing is changed', async () => {
  await pointServerTo(CLOSED_PORT);
  expect((await harness.pp(['start', 'Apr2026'])).code).toBe(0);
  const told = await eventually('status tells why nothing goes on', async () => {
    const { code, stdout } = await harness.pp(['status']);
    expect(code).toBe(0);
    return REASON.test(stdout) && stdout;
  });
  expect(told).toMatch(/the release lock is held for release Apr2026/);
  const { code, stdout } = await harness.pp(['abort']);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^aborted/)]);
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'aborted', is_current: false });
  await eventually('the lock is free', () => lockIsFree(harness));
  expect(await liveState(harness)).toEqual(before);
});

it('a portal that answers again while it is tried: the release goes on by itself', async () => {
  await harness.seed();
  expect((await harness.pp(['start', 'May2026'])).code).toBe(0);
  const { port } = new URL(harness.databases.portalReaderUrl);
  await eventually('an attempt has failed', async () => {
    const { stdout } = await harness.pp(['status', '--json']);
    return JSON.parse(stdout).pending.some((step: { attempt: number }) => step.attempt > 1);
  });
  await pointServerTo(port);
  const { code, stdout } = await harness.pp(['watch', 'May2026']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('ended as succeeded')]);
});

it('a portal without a table that the views need: the table is named, nothing is changed, the lock is free', async () => {
  await faults.dropPortalTable(harness.databases.portalUrl, 'wdpa.source');
  const { code, stderr } = await harness.pp(['start', 'Jun2026', '--wait']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('relation "wdpa.source" does not exist')]);
  expect(await releaseOf(harness, 'Jun2026')).toMatchObject({ state: 'failed', is_current: false });
  expect(await stagingRelations(harness)).toEqual([]);
  expect(await liveState(harness)).toEqual(before);
  expect(await lockIsFree(harness)).toBe(true);
});
