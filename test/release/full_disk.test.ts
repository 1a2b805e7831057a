import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ask, createHarness, type ReleaseHarness } from '../support/release.ts';
import { type SmallDisk, smallDisk } from '../support/small_disk.ts';
import { liveState, lockIsFree, releaseOf, stagingRelations } from '../support/state.ts';
import { statusOf } from '../support/waiting.ts';

/** Of the whole cluster, so its name is this file's own. */
const TABLESPACE = `small_${process.pid}`;
/** The staging of 300 sites does not fit. */
const MEGABYTES = 2;

let disk: SmallDisk;
let harness: ReleaseHarness;

beforeAll(async () => {
  disk = await smallDisk(MEGABYTES);
  harness = await createHarness({ worker: false });
  const database = new URL(harness.databases.databaseUrl).pathname.slice(1);
  for (const sql of [
    `create tablespace ${TABLESPACE} location '${disk.path}'`,
    `grant create on tablespace ${TABLESPACE} to pp_release`,
    `alter role pp_release in database "${database}" set default_tablespace = ${TABLESPACE}`,
  ]) {
    await ask(inject('superuserUrl'), sql);
  }
  await harness.restartWorker();
});
afterAll(async () => {
  await harness?.close();
  await ask(inject('superuserUrl'), `drop tablespace if exists ${TABLESPACE}`);
  await disk?.end();
});

it('a full disk: the release tries again and says why; an abort leaves nothing on the disk, and live as it was', async () => {
  const before = await liveState(harness);
  expect((await harness.pp(['start', 'Apr2026'])).code).toBe(0);
  const reason = /could not (extend|write to) file .*No space left on device/;
  await eventually('status says why it is tried again', async () =>
    (await statusOf(harness)).pending.some(({ lastFailure }) => reason.test(lastFailure ?? '')),
  );
  expect((await harness.pp(['status'])).stdout).toMatch(reason);
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ is_current: false, error_text: null });
  expect(disk.files()).not.toEqual([]);

  const { code, stdout, stderr } = await harness.pp(['abort']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^aborted: the release ended as aborted/);
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'aborted', is_current: false });
  expect(await lockIsFree(harness)).toBe(true);
  expect(await stagingRelations(harness)).toEqual([]);
  expect(await liveState(harness)).toEqual(before);
  // A file that nobody needs any more is empty at once, and gone with the next checkpoint.
  await ask(inject('superuserUrl'), 'checkpoint');
  expect(disk.files()).toEqual([]);
});
