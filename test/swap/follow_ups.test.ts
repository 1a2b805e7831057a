import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFollowUps } from '../../activities/live/follow_ups.ts';
import { attemptSwap } from '../../activities/live/swap.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { LIMITS, openRooms, type Rooms } from '../support/rooms.ts';

/** Somebody's materialized view over a view over a released table: it is refreshed after COMMIT, and may fail. */

let rooms: Rooms;

const QUIET = () => undefined;
const COUNT = 'select md5(string_agg(t::text, $1 order by site_id)) as digest from';
const reported = async () => (await rooms.rows<{ digest: string }>('select digest from report_of_kim'))[0]?.digest;
const live = async () =>
  (await rooms.rows<{ digest: string }>(`${COUNT} (select site_id, name from protected_areas) t`, [',']))[0]?.digest;
const left = () => rooms.rows('select reason from pp_release.follow_ups');

/** As a swap goes whose worker dies with the answer of COMMIT in hand. */
async function swapAndDie(label: string, month: number): Promise<{ release: ReleaseRef; stamp: string }> {
  await rooms.seed(month);
  const release = await rooms.stage(label);
  await rooms.prepare(release);
  const attempt = await attemptSwap(rooms.db, release, LIMITS);
  if (attempt.outcome !== 'swapped') throw new Error(`not swapped: ${attempt.outcome}`);
  return { release, stamp: attempt.stamp };
}

beforeAll(async () => {
  rooms = await openRooms();
  await rooms.seed(0);
  await rooms.release('Jan2027');
  await rooms.rows('create table broken (yes boolean)');
  await rooms.rows(
    `create function check_report() returns int language plpgsql as
     $$ begin if exists (select from broken) then raise exception 'the report is broken'; end if; return 1; end $$`,
  );
  await rooms.rows('create view names_of_kim as select site_id, name from protected_areas');
  await rooms.rows(
    `create materialized view report_of_kim as
     select check_report() as ok, md5(string_agg(t::text, ',' order by site_id)) as digest from names_of_kim t`,
  );
});
afterAll(() => rooms?.close());

it('what follows a COMMIT whose answer was lost is known, and done once', async () => {
  const old = await reported();
  await swapAndDie('Feb2027', 3);
  expect([await reported(), await live()]).toEqual([old, expect.not.stringMatching(`^${old}$`)]);
  expect(await left()).toContainEqual({ reason: expect.stringContaining('report_of_kim reads released relations') });
  expect(await runFollowUps(rooms.db, QUIET)).toBeGreaterThan(0);
  expect(await reported()).toBe(await live());
  expect(await left()).toEqual([]);
  expect(await runFollowUps(rooms.db, QUIET)).toBe(0);
});

it('the next release does what the one before has left, if its workflow was terminated', async () => {
  await swapAndDie('Mar2027', 5);
  expect(await reported()).not.toBe(await live());
  const release = await rooms.stage('Apr2027');
  await rooms.prepare(release);
  expect(await reported()).toBe(await live());
  expect(await left()).toEqual([]);
});

it('a follow-up that fails on the new data stays, and does not stand in the way of the rollback', async () => {
  const { release, stamp } = await swapAndDie('May2027', 7);
  const before = await reported();
  await rooms.rows('insert into broken values (true)');
  await expect(runFollowUps(rooms.db, QUIET)).rejects.toThrow('the report is broken');
  await expect(rooms.rollback(release, stamp, { discardStaging: true })).rejects.toThrow('the report is broken');
  const [current] = await rooms.rows<{ label: string }>('select label from releases where is_current');
  expect([current?.label, await reported()]).toEqual(['Mar2027', before]);
  expect(await left()).toEqual([{ reason: expect.stringContaining('report_of_kim reads released relations') }]);
  await rooms.rows('delete from broken');
  expect(await runFollowUps(rooms.db, QUIET)).toBe(1);
  expect(await reported()).toBe(await live());
});

it('one whose object was dropped since is over', async () => {
  await swapAndDie('Jun2027', 9);
  await rooms.rows('drop materialized view report_of_kim');
  await runFollowUps(rooms.db, QUIET);
  expect(await left()).toEqual([]);
});
