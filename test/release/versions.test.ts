import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { waitsFor } from '../support/waiting.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let harness: ReleaseHarness;
let dir: string;
let one: TestWorker;
let two: TestWorker;
const workers: TestWorker[] = [];

const version = (buildId: string) => ['--deployment', 'releases', '--build-id', buildId];

async function addWorker(buildId: string): Promise<TestWorker> {
  const worker = await startWorker(mkdtempSync(join(dir, 'worker ')), harness.env, version(buildId));
  workers.push(worker);
  return worker;
}

/** Process ids of the workers that have run activities or workflow tasks of a release. */
async function ranOn(label: string): Promise<number[]> {
  const { events } = await harness.temporal.workflow.getHandle(`portal-release-${label}`).fetchHistory();
  const identities = (events ?? []).flatMap(
    (event) =>
      event.activityTaskStartedEventAttributes?.identity ?? event.workflowTaskStartedEventAttributes?.identity ?? [],
  );
  // The server itself starts some workflow tasks, to end them: in nobody's name.
  return [...new Set(identities.filter(Boolean).map((identity) => Number.parseInt(identity, 10)))];
}

async function buildOf(label: string): Promise<string | null | undefined> {
  const { raw } = await harness.temporal.workflow.getHandle(`portal-release-${label}`).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pp versions '));
  harness = await createHarness({ sites: 100, worker: false });
});
afterAll(async () => {
  for (const worker of workers) await worker.stop('SIGKILL');
  await harness?.close();
  rmSync(dir, { recursive: true, force: true });
});

it.each([
  [['worker', '--deployment', 'releases'], /--build-id is missing/],
  [['worker', '--build-id', 'one'], /--deployment is missing/],
  [['deploy', '--build-id', 'one'], /--deployment is missing/],
  [['deploy'], /say which version/],
])('half a version is refused with exit 2: %j', async (args, message) => {
  const { code, stderr } = await harness.pp(args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

it('a version that no worker has polled for is refused with exit 3, and says how to start one', async () => {
  const { code, stderr } = await harness.pp(['deploy', ...version('none')]);
  expect([code, stderr]).toEqual([3, expect.stringMatching(/start its worker first, with pp-release worker --depl/)]);
});

it('a release that an unversioned worker has started goes on with the first version that is deployed', async () => {
  const unversioned = await startWorker(mkdtempSync(join(dir, 'worker ')), harness.env);
  workers.push(unversioned);
  expect((await harness.pp(['start', 'Dec2025', '--mode', 'review'])).code).toBe(0);
  await waitsFor(harness, 'promote');
  const zero = await addWorker('zero');
  expect((await harness.pp(['deploy', ...version('zero')])).code).toBe(0);
  await unversioned.stop();
  expect((await harness.pp(['promote', 'Dec2025', '--yes'])).code).toBe(0);
  const { stdout } = await harness.pp(['watch', 'Dec2025']);
  expect(stdout).toContain('ended as succeeded');
  expect(await ranOn('Dec2025')).toEqual([unversioned.pid, zero.pid]);
});

it('a release stays with the version that it was started on, a new one goes to the version deployed since', async () => {
  one = await addWorker('one');
  const first = await harness.pp(['deploy', ...version('one'), '--json']);
  expect([first.code, first.stderr]).toEqual([0, '']);
  expect(JSON.parse(first.stdout)).toEqual({ deployment: 'releases', buildId: 'one', previousBuildId: 'zero' });
  const started = await harness.pp(['start', 'Jan2026', '--mode', 'review']);
  expect([started.code, started.stderr]).toEqual([0, '']);
  await waitsFor(harness, 'promote');

  two = await addWorker('two');
  const second = await harness.pp(['deploy', ...version('two')]);
  expect([second.code, second.stdout]).toEqual([0, expect.stringMatching(/go to build two, no longer to build one/)]);
  expect((await harness.pp(['promote', 'Jan2026', '--yes'])).code).toBe(0);
  const { stdout } = await harness.pp(['watch', 'Jan2026']);
  expect(stdout).toContain('ended as succeeded');
  expect([await ranOn('Jan2026'), await buildOf('Jan2026')]).toEqual([[one.pid], 'one']);

  const { code, stderr } = await harness.pp(['start', 'Feb2026', '--mode', 'dry-run', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect([await ranOn('Feb2026'), await buildOf('Feb2026')]).toEqual([[two.pid], 'two']);
});
