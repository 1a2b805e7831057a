import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discardStaging } from '../../activities/discard_staging.ts';
import { type Backup, dropBackup, listBackups, retention } from '../../activities/live/backups.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { wholeState } from './support.ts';

describe('what no release made', () => {
  let rooms: Rooms;
  let second: ReleaseRef;
  let stamp: string;

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    await rooms.rows('create table web_events as select kind from unnest(array[1, 1, 2]) kind');
    await rooms.rows('create materialized view staging_dashboard as select kind, count(*) from web_events group by 1');
    await rooms.rows('create table bk9912312359_sites_copy as select 1 as id');
    await rooms.release('Jan2027');
    ({ release: second, stamp } = await rooms.release('Feb2027'));
  });
  afterAll(() => rooms?.close());

  const exists = async (...names: string[]) =>
    (
      await rooms.rows<{ there: boolean }>(
        'select bool_and(to_regclass(n) is not null) as there from unnest($1::text[]) n',
        [names],
      )
    )[0]?.there;
  const backups = () => rooms.db.session(listBackups);

  it('is left alone by releases, whatever it is called', async () => {
    expect(await exists('staging_dashboard', 'bk9912312359_sites_copy')).toBe(true);
  });

  it('is no backup: neither listed, nor counted, nor dropped', async () => {
    const listed = await backups();
    expect(listed.map((backup) => backup.stamp)).not.toContain('9912312359');
    expect(retention(listed, 1)).toMatchObject({ kept: [stamp], dropped: [listed[1]?.stamp] });
    await rooms.db.transaction((session) => dropBackup(session, '9912312359'));
    expect(await exists('bk9912312359_sites_copy')).toBe(true);
  });

  it('is left alone by an abort, which drops all of staging', async () => {
    await rooms.stage('Mar2027');
    expect(await discardStaging(rooms.db)).toBeUndefined();
    expect(await exists('staging_dashboard')).toBe(true);
    expect(await exists('staging_sources')).toBe(false);
    expect(await rooms.rows('select name from pp_release.ours where generation = $1', ['staging'])).toEqual([]);
  });

  it('stands in the way under a name that staging needs, and is named before anything is made', async () => {
    await rooms.rows('create table staging_sources (note text)');
    await rooms.rows(`insert into staging_sources values ('mine')`);
    const before = await wholeState(rooms);
    await expect(rooms.stage('Apr2027')).rejects.toMatchObject({
      type: 'PreflightFailed',
      message: expect.stringMatching(
        /^names: table public\.staging_sources \(owner \w+\) stands where .* rename it, or drop it$/,
      ),
    });
    // The row of the release that was refused is all that is new.
    await rooms.rows(`delete from releases where label = 'Apr2027'`);
    expect(await wholeState(rooms)).toBe(before);
    expect(await rooms.rows('select note from staging_sources')).toEqual([{ note: 'mine' }]);
    await rooms.rows('drop table staging_sources');
  });

  it('stands in the way of a rollback under the name of an index, and is named before anything has changed', async () => {
    await rooms.rows('create table mine (id integer constraint staging_sources_pkey primary key)');
    const before = await wholeState(rooms);
    await expect(rooms.rollback(second, stamp)).rejects.toThrow(/index public\.staging_sources_pkey .* stands where/);
    expect(await wholeState(rooms)).toBe(before);
    await rooms.rows('drop table mine');
  });

  it('is not taken for the part of a backup whose place it has taken', async () => {
    await rooms.rows(`alter table bk${stamp}_story_map_links rename to story_map_links_of_mine`);
    await rooms.rows(`create table bk${stamp}_story_map_links (note text)`);
    expect((await backups())[0]).toMatchObject({ stamp, complete: false, missing: ['story_map_links'] });
    await expect(rooms.rollback(second, stamp)).rejects.toThrow(/is incomplete: it lacks story_map_links/);
    await rooms.rows(`drop table bk${stamp}_story_map_links`);
    await rooms.rows(`alter table story_map_links_of_mine rename to bk${stamp}_story_map_links`);
    expect((await backups())[0]).toMatchObject({ stamp, complete: true });
  });

  it('is told from what a dump has restored, whose OIDs are all new, by the name alone', async () => {
    await rooms.rows('update pp_release.made set oid = 1, database = 1');
    expect((await backups())[0]).toMatchObject({ stamp, complete: true });
    expect((await rooms.rollback(second, stamp)).outcome).toBe('rolled back');
  });
});

describe('retention', () => {
  const backup = (stamp: string, complete = true) => ({ stamp, complete }) as Backup;

  it('counts complete backups only, and keeps the last of them whatever the number', () => {
    const all = [backup('5', false), backup('4'), backup('3', false), backup('2'), backup('1', false)];
    expect(retention(all, 1)).toEqual({ kept: ['5', '4'], dropped: ['3', '2', '1'] });
    expect(retention(all, 2)).toEqual({ kept: ['5', '4', '3', '2'], dropped: ['1'] });
    expect(retention(all, 3)).toEqual({ kept: ['5', '4', '3', '2', '1'], dropped: [] });
    expect(retention(all, 0)).toEqual(retention(all, 1));
    expect(retention([backup('5', false)], 1)).toEqual({ kept: ['5'], dropped: [] });
  });

  it('neither counts nor drops those of the old system, unless a person typed that they count too', () => {
    const old = (stamp: string) => ({ stamp, complete: true, oldSystem: true }) as Backup;
    const all = [backup('5'), backup('4'), old('3'), old('2')];
    expect(retention(all, 1)).toEqual({ kept: ['5', '3', '2'], dropped: ['4'] });
    expect(retention(all, 3)).toEqual({ kept: ['5', '4', '3', '2'], dropped: [] });
    expect(retention(all, 1, { oldSystem: true })).toEqual({ kept: ['5'], dropped: ['4', '3', '2'] });
    // While ours are none, the newest of theirs is the way back.
    expect(retention([old('3'), old('2')], 1)).toEqual({ kept: ['3', '2'], dropped: [] });
    expect(retention([old('3'), old('2')], 1, { oldSystem: true })).toEqual({ kept: ['3'], dropped: ['2'] });
    expect(retention(all, 0, { allowNone: true })).toEqual({ kept: [], dropped: ['5', '4', '3', '2'] });
  });

  it('keeps none where a person typed so', () => {
    expect(retention([backup('2'), backup('1', false)], 0, { allowNone: true })).toEqual({
      kept: [],
      dropped: ['2', '1'],
    });
  });
});
