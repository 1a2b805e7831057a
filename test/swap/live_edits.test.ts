import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnsWrittenBy } from '../../activities/generation/written_columns.ts';
import { attemptPlan, makeReady } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { planPromote } from '../../activities/live/promote.ts';
import { ask } from '../support/release.ts';
import { LIMITS, openRooms, type Rooms } from '../support/rooms.ts';
import { schemaDump, wholeState } from './support.ts';

describe('what live holds and no importer writes', () => {
  let rooms: Rooms;

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await rooms.rows(`alter table protected_areas add column editor_note text, add column facts json`);
    await rooms.rows('alter table sources add column reviewed boolean not null default false');
    await rooms.rows(`alter table countries_protected_areas add column remark text`);
    await rooms.rows(
      `update protected_areas set editor_note = 'note of ' || site_id, facts = '{"a": 1}' where id % 2 = 0`,
    );
    await rooms.rows('update sources set reviewed = true where id % 3 = 0');
    await rooms.rows(`update countries_protected_areas set remark = 'r' || country_id where protected_area_id % 5 = 0`);
    await rooms.rows(`insert into story_map_links (protected_area_id, link, link_type, created_at, updated_at)
                      select id, 'https://old', 'map', now(), now() from protected_areas order by id limit 2`);
  });
  afterAll(() => rooms?.close());

  /** What the website keeps, by keys that stay. */
  const kept = () =>
    rooms.rows(
      `select (select json_agg(json_build_array(site_id, editor_note, facts, is_dopa) order by site_id) from protected_areas
               where editor_note is not null or is_dopa) as sites,
              (select json_agg(id order by id) from sources where reviewed) as sources,
              (select json_agg(json_build_array(country_id, protected_area_id, remark) order by 1, 2)
               from countries_protected_areas where remark is not null) as countries,
              (select json_agg(json_build_array(protected_area_id, link) order by id) from story_map_links) as links`,
    );

  it('is carried over by key: columns of any type that the website added, whose schema stays', async () => {
    const [before, schema] = [await kept(), await schemaDump(rooms)];
    expect(JSON.stringify(before)).toContain('note of');
    await rooms.release('Feb2027');
    expect(await kept()).toEqual(before);
    expect(await schemaDump(rooms)).toEqual(schema);
  });

  it('is taken over as it is at the swap, also what was written since staging was built, or prepared', async () => {
    const release = await rooms.stage('Mar2027');
    await rooms.rows('update protected_areas set is_dopa = true where id % 7 = 0');
    await rooms.rows(`update protected_areas set editor_note = 'later', facts = null where id % 4 = 0`);
    await rooms.rows(`update story_map_links set link = 'https://edited'`);
    await rooms.prepare(release);
    await rooms.rows('update sources set reviewed = not reviewed');
    await rooms.rows(`insert into story_map_links (protected_area_id, link, link_type, created_at, updated_at)
                      select max(id), 'https://new', 'map', now(), now() from protected_areas`);
    const before = await kept();
    expect(await rooms.swap(release)).toMatchObject({
      outcome: 'swapped',
      followed: { sources: expect.any(Number), story_map_links: 3 },
    });
    expect(await kept()).toEqual(before);
  });

  it('is asked for again under the lock: an edit of the last moment to whole rows ends the round, and changes nothing', async () => {
    const release = await rooms.stage('Apr2027');
    await rooms.prepare(release);
    const plan = await makeReady(rooms.db, async (session) =>
      planPromote(session, release.releaseId, await freeStamp(session)),
    );
    const before = await wholeState(rooms);
    await rooms.rows(`update story_map_links set link = 'https://last'`);
    await rooms.rows('update protected_areas set is_dopa = not is_dopa where id % 9 = 0');
    await expect(
      rooms.db.session((session) => attemptPlan(rooms.db, session, plan.snapshot, plan.plan, LIMITS)),
    ).rejects.toThrow('nothing was changed: live story_map_links was edited in this very moment; try again');
    expect(await wholeState(rooms)).toBe(before);
    const edited = await kept();
    expect(await rooms.swap(release)).toMatchObject({ outcome: 'swapped' });
    expect(await kept()).toEqual(edited);
  });

  it('loses nothing that was committed before the COMMIT of a swap, with a writer who never stops', async () => {
    const release = await rooms.stage('May2027');
    await rooms.prepare(release);
    const [{ site_id: site } = { site_id: 0 }] = await rooms.rows<{ site_id: number }>(
      'select min(site_id) as site_id from protected_areas',
    );
    let isOver = false;
    let written = 0;
    const writer = (async () => {
      while (!isOver) {
        const next = written + 1;
        await ask(rooms.databases.databaseUrl, `update protected_areas set editor_note = $1 where site_id = $2`, [
          String(next),
          site,
        ]);
        written = next;
      }
    })();
    const attempts: string[] = [];
    do attempts.push((await rooms.swap(release)).outcome);
    while (attempts.at(-1) === 'blocked' && attempts.length < 20);
    isOver = true;
    await writer;
    expect(attempts.at(-1)).toBe('swapped');
    expect(written).toBeGreaterThan(1);
    expect(await rooms.rows('select editor_note from protected_areas where site_id = $1', [site])).toEqual([
      { editor_note: String(written) },
    ]);
  });

  it('refuses the swap where a lookup was edited, with its rows; also after a rollback, which keeps the columns of the website', async () => {
    const release = await rooms.stage('Jun2027');
    await rooms.rows(`update governances set governance_type = 'X' where id = (select min(id) from governances)`);
    const before = await wholeState(rooms);
    await expect(rooms.prepare(release)).rejects.toThrow(
      /nothing was changed: governances \(rows with id \d+\) edited in live since staging was built.*build_staging/,
    );
    expect(await wholeState(rooms)).toBe(before);
    const { release: next, stamp } = await rooms.release('Jul2027');
    await rooms.rows(`update protected_areas set editor_note = 'after the swap', is_dopa = true where id % 3 = 0`);
    const sites = (await kept())[0]?.sites;
    await rooms.rollback(next, stamp);
    expect((await kept())[0]?.sites).toEqual(sites);
    await rooms.rows(`update governances set governance_type = 'Y' where id = (select min(id) from governances)`);
    await expect(rooms.prepare(next)).rejects.toThrow(/governances \(rows with id \d+\) edited in live/);
  });

  it('is refused before anything is made where a new row could have no value', async () => {
    await rooms.rows('alter table sources add column rank integer');
    await rooms.rows('update sources set rank = 1; alter table sources alter column rank set not null');
    await expect(rooms.stage('Aug2027')).rejects.toMatchObject({
      type: 'PreflightFailed',
      message: expect.stringContaining('live sources.rank must not be null, has no default, and no importer writes it'),
    });
  });
});

describe('the columns that importers write', () => {
  it('are read from their INSERTs and UPDATEs', () => {
    const script = `insert into staging_a (id, name) -- a comment, with (brackets)
                    select 1, 'x'; insert into staging_b select 2;
                    update staging_a s set name = coalesce(s.name, 'y'), at = case when s.id = 1 then now() end from staging_b;`;
    const written = columnsWrittenBy([script]);
    expect([...(written.get('a') ?? [])]).toEqual(['id', 'name', 'at']);
    expect([...(written.get('b') ?? [])]).toEqual(['*']);
  });
});
