import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropBackup, listBackups } from '../../activities/live/backups.ts';
import { requireBackup } from '../../activities/live/demote.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { tables, views } from '../../catalog/index.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { wholeState } from './support.ts';

describe('backups and rollback', () => {
  let rooms: Rooms;
  let first: ReleaseRef;
  let second: ReleaseRef;
  let beforeFirst: string;
  let firstStamp: string;
  let firstRows: Record<string, string>;
  let secondRows: Record<string, string>;

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    ({ release: first, stamp: beforeFirst } = await rooms.release('Jan2027'));
    firstRows = await digests('');
    await rooms.seed(1);
    ({ release: second, stamp: firstStamp } = await rooms.release('Feb2027'));
    secondRows = await digests('');
  });
  afterAll(() => rooms?.close());

  /** Digest of all rows by relation; `prefix` is that of a generation. */
  async function digests(prefix: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const { name } of [...tables, ...views]) {
      const [row] = await rooms.rows<{ digest: string }>(
        `select md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as digest from "${prefix}${name}" t`,
      );
      found[name] = row?.digest ?? '';
    }
    return found;
  }

  const backups = () => rooms.db.session(listBackups);
  const drop = (stamp: string) => rooms.db.transaction((session) => dropBackup(session, stamp));

  it('are listed with stamp, release and size; two releases in one minute have two stamps', async () => {
    expect(firstStamp > beforeFirst).toBe(true);
    const [newest, oldest] = await backups();
    expect(newest).toMatchObject({
      stamp: firstStamp,
      releaseId: first.releaseId,
      label: 'Jan2027',
      complete: true,
      missing: [],
    });
    expect(newest?.bytes).toBeGreaterThan(100_000);
    expect(oldest).toMatchObject({ stamp: beforeFirst, releaseId: null, complete: false });
    expect(oldest?.missing).toContain('portal_standard_points');
    expect(await digests(`bk${firstStamp}_`)).toEqual(firstRows);
  });

  it('that are malformed, unknown or incomplete are refused, with those that can be used', async () => {
    const require = (stamp: string) => rooms.db.session((session) => requireBackup(session, stamp));
    await expect(require('2613')).rejects.toMatchObject({
      type: 'BadInput',
      message: expect.stringContaining('YYMMDDHHMM'),
    });
    await expect(require("1'; drop table releases")).rejects.toMatchObject({ type: 'BadInput' });
    await expect(require('2001010000')).rejects.toThrow(
      `there is no backup 2001010000; complete backups are ${firstStamp}`,
    );
    await expect(require(beforeFirst)).rejects.toThrow(/is incomplete: it lacks portal_iso3_agg/);
  });

  it('a rollback restores every row, lookups too, and releases tells the truth', async () => {
    expect(await rooms.rollback(second, firstStamp)).toMatchObject({ outcome: 'rolled back' });
    expect(await digests('')).toEqual(firstRows);
    expect(await digests('staging_')).toEqual(secondRows);
    expect(await rooms.rows('select id::int, state, is_current, backup_timestamp from releases order by id')).toEqual([
      { id: first.releaseId, state: 'swapped', is_current: true, backup_timestamp: null },
      { id: second.releaseId, state: 'rolled_back', is_current: false, backup_timestamp: null },
    ]);
    expect((await backups()).map(({ stamp }) => stamp)).toEqual([beforeFirst]);
  });

  it('a rollback that is tried again after a lost answer does nothing', async () => {
    const before = await wholeState(rooms);
    expect(await rooms.rollback(second, firstStamp)).toMatchObject({ outcome: 'already rolled back' });
    expect(await wholeState(rooms)).toBe(before);
  });

  it('the release that was rolled back can be promoted again, row for row', async () => {
    await rooms.prepare(second);
    const attempt = await rooms.swap(second);
    expect(attempt.outcome).toBe('swapped');
    expect(await digests('')).toEqual(secondRows);
    if (attempt.outcome === 'swapped') firstStamp = attempt.stamp;
  });

  it('a rollback leaves alone what a dry run keeps in staging, unless told otherwise', async () => {
    const dryRun = await rooms.stage('Mar2027');
    const before = await wholeState(rooms);
    await expect(rooms.rollback(second, firstStamp)).rejects.toThrow(
      new RegExp(`staging holds release ${dryRun.releaseId} \\(Mar2027.*--discard-staging`),
    );
    expect(await wholeState(rooms)).toBe(before);
    expect((await rooms.rollback(second, firstStamp, { discardStaging: true })).outcome).toBe('rolled back');
    expect(await digests('')).toEqual(firstRows);
    await rooms.prepare(second);
    const attempt = await rooms.swap(second);
    if (attempt.outcome === 'swapped') firstStamp = attempt.stamp;
  });

  it('a rollback is refused while a live table is missing', async () => {
    await rooms.rows('alter table story_map_links rename to hidden_links');
    await expect(rooms.rollback(second, firstStamp)).rejects.toThrow(/live table story_map_links is missing/);
    await rooms.rows('alter table hidden_links rename to story_map_links');
    expect(await digests('')).toEqual(secondRows);
  });

  it('a backup that somebody built on is not dropped, and what stands in the way is named', async () => {
    await rooms.rows(`create view still_needed as select site_id from bk${firstStamp}_protected_areas`);
    const before = await wholeState(rooms);
    await expect(drop(firstStamp)).rejects.toThrow(/cannot be dropped: .*still_needed/);
    expect(await wholeState(rooms)).toBe(before);
    await rooms.rows('drop view still_needed');
  });

  it('dropping one takes nothing of live with it: defaults still draw from their own sequences', async () => {
    await drop(firstStamp);
    expect((await backups()).map(({ stamp }) => stamp)).toEqual([beforeFirst]);
    const [row] = await rooms.rows<{ id: number; highest: number }>(
      `with added as (insert into sources (title, created_at, updated_at) values ('by hand', now(), now()) returning id)
       select added.id, (select max(id) from sources) as highest from added`,
    );
    expect(row?.id).toBeGreaterThan(row?.highest ?? Number.MAX_SAFE_INTEGER);
    await expect(rooms.rollback(second, firstStamp)).rejects.toThrow(/there is no backup/);
  });
});
