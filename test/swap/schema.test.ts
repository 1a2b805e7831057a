import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeStamp } from '../../activities/live/backups.ts';
import { planPromote } from '../../activities/live/promote.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { createTestDatabases } from '../support/database.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { addEveryKind, schemaDump } from './support.ts';

/** The deparser writes `x IN (…)` over varchar in other words once it has read its own text. */
const reworded = (line: string) => /= ANY \(/.test(line);

describe('a database with one of every kind of object', () => {
  let rooms: Rooms;
  let before: string[];
  let afterSwap: string[];
  let second: ReleaseRef;
  let stamp: string;
  let changes: string[];

  beforeAll(async () => {
    rooms = await openRooms(150, await createTestDatabases({ login: 'BYPASSRLS' }));
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await addEveryKind(rooms);
    before = await schemaDump(rooms);
    await rooms.seed(1);
    second = await rooms.stage('Feb2027');
    changes = (
      await rooms.db.session(async (session) => planPromote(session, second.releaseId, await freeStamp(session)))
    ).plan.changes;
    await rooms.prepare(second);
    const attempt = await rooms.swap(second);
    if (attempt.outcome !== 'swapped') throw new Error(attempt.outcome);
    stamp = attempt.stamp;
    afterSwap = await schemaDump(rooms);
  });
  afterAll(() => rooms?.close());

  it('has the same schema after a swap, but for texts that the deparser words anew', () => {
    const gone = before.filter((line) => !afterSwap.includes(line));
    const come = afterSwap.filter((line) => !before.includes(line));
    expect(gone.filter((line) => !reworded(line))).toEqual([]);
    expect(come.filter((line) => !reworded(line))).toEqual([]);
    expect(before.filter((line) => !reworded(line))).toEqual(afterSwap.filter((line) => !reworded(line)));
    expect(gone).toHaveLength(3);
  });

  it('names each of those texts in the plan', () => {
    const words = changes.filter((change) => change.includes('in other words'));
    expect(words).toHaveLength(3);
    for (const name of ['index verified_only', 'trigger touch', 'view public.named_sites']) {
      expect(
        words.some((change) => change.includes(name)),
        `${name} in ${words.join('; ')}`,
      ).toBe(true);
    }
  });

  it('serves every dependent from the new release', async () => {
    const [counts] = await rooms.rows<Record<string, number>>(
      `select (select count(*)::int from named_sites) as viewed,
              (select count(*)::int from protected_areas where verif in ('State Verified', 'Expert Verified')) as verified,
              (select sum(n)::int from sites_by_country) as by_country,
              (select count(*)::int from countries_protected_areas) as joined,
              (select count(*)::int from oldest_sites()) as oldest,
              (select count(*)::int from point_ids) as points,
              (select count(*)::int from portal_standard_points) as point_rows,
              (select sum(n)::int from first_names) as through_a_view,
              (select count(*)::int from visits) as visits`,
    );
    expect(counts?.viewed).toBe(counts?.verified);
    expect(counts?.by_country).toBe(counts?.joined);
    expect(counts?.points).toBe(counts?.point_rows);
    expect(counts?.through_a_view).toBe(counts?.verified);
    expect(counts?.oldest).toBe(3);
    expect(counts?.visits).toBe(5);
    const [letters] = await rooms.rows<{ same: boolean }>(
      'select (select sum(n) from letters) = (select sum(n) from first_names) as same',
    );
    expect(letters?.same).toBe(true);
    const names = await rooms.rows<{ name: string; called: string }>(
      'select name, site_name(site_id) as called from protected_areas order by site_id limit 20',
    );
    expect(names.map(({ called }) => called)).toEqual(names.map(({ name }) => name));
  });

  it('keeps foreign keys of other tables pointed at live, and valid as before', async () => {
    const keys = await rooms.rows(
      `select conname, confrelid::regclass::text as target, convalidated from pg_constraint
       where conname in ('visits_site_id_fkey', 'old_parcels') order by 1`,
    );
    expect(keys).toEqual([
      { conname: 'old_parcels', target: 'protected_area_parcels', convalidated: false },
      { conname: 'visits_site_id_fkey', target: 'protected_areas', convalidated: true },
    ]);
    await expect(rooms.rows('insert into visits (site_id) values (-1)')).rejects.toThrow(/visits_site_id_fkey/);
  });

  it('has the same schema after a rollback and after promoting again', async () => {
    expect(await rooms.rollback(second, stamp)).toMatchObject({ outcome: 'rolled back' });
    const rolledBack = await schemaDump(rooms);
    expect(rolledBack.filter((line) => !reworded(line))).toEqual(before.filter((line) => !reworded(line)));
    await rooms.prepare(second);
    const again = await rooms.swap(second);
    expect(again.outcome).toBe('swapped');
    expect(await schemaDump(rooms)).toEqual(afterSwap);
    if (again.outcome !== 'swapped') return;
    expect((await rooms.rollback(second, again.stamp)).outcome).toBe('rolled back');
    expect(await schemaDump(rooms)).toEqual(rolledBack);
  });
});
