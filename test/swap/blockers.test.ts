import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { locksLeft } from './support.ts';

describe('readers in the way of a swap', () => {
  let rooms: Rooms;
  let release: ReleaseRef;

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await rooms.seed(1);
    release = await rooms.stage('Feb2027');
    await rooms.prepare(release);
  });
  afterAll(() => rooms?.close());

  /** A reader in a transaction that stays open while `work` runs. */
  async function withReader<T>(sql: string, work: (reader: pg.Client) => Promise<T>): Promise<T> {
    const reader = new pg.Client({ connectionString: rooms.databases.databaseUrl, application_name: 'a slow report' });
    reader.on('error', () => undefined);
    await reader.connect();
    try {
      await reader.query(sql);
      return await work(reader);
    } finally {
      await reader.end();
    }
  }

  it('are named, with role, application, age and query, and nothing is swapped', () =>
    withReader('begin; select count(*) from sources', async () => {
      const attempt = await rooms.swap(release, { roundMs: 300 });
      expect(attempt).toMatchObject({ outcome: 'blocked' });
      if (attempt.outcome !== 'blocked') return;
      expect(attempt.blockers).toHaveLength(1);
      const [blocker] = attempt.blockers;
      expect(blocker).toMatchObject({
        role: 'pp_release',
        application: 'a slow report',
        relation: expect.stringContaining('sources'),
      });
      expect(blocker?.ageSeconds).toBeGreaterThan(0.2);
      expect(blocker?.query).toContain('select count(*) from sources');
      const [current] = await rooms.rows<{ label: string }>('select label from releases where is_current');
      expect(current?.label).toBe('Jan2027');
    }));

  it('hold nobody else up: other readers answer while the swap looks for its moment', () =>
    withReader('begin; select count(*) from sources', async () => {
      const swapping = rooms.swap(release, { roundMs: 1_000 });
      let answers = 0;
      const until = Date.now() + 900;
      while (Date.now() < until) {
        // A queue behind the swap's lock would hold this until the slow reader ends, which is after the swap's round.
        await rooms.rows(`set statement_timeout = '500ms'; select 1`);
        await rooms.rows('select count(*) from sources');
        answers += 1;
      }
      expect(answers).toBeGreaterThan(5);
      expect((await swapping).outcome).toBe('blocked');
      expect(await locksLeft(rooms)).toEqual([]);
    }));

  it('with an old snapshot are waited for: they would see new tables with old rows of releases', () =>
    withReader('begin isolation level repeatable read; select 1 from countries limit 1', async () => {
      const attempt = await rooms.swap(release, { roundMs: 300 });
      expect(attempt).toMatchObject({
        outcome: 'blocked',
        blockers: [{ application: 'a slow report', relation: 'an old snapshot' }],
      });
    }));

  it('that read a materialized view or the downloads view only are found too', async () => {
    for (const view of ['portal_standard_points', 'portal_downloads_protected_areas']) {
      await withReader(`begin; select count(*) from ${view}`, async () => {
        expect((await rooms.swap(release, { roundMs: 200 })).outcome).toBe('blocked');
      });
    }
  });

  it('win a deadlock: the swap steps back and tries again', async () => {
    // Holds a later table in a mode that findBlockers sees, and asks for an earlier one while the swap waits in the queue.
    await withReader('begin; select count(*) from protected_areas_sources', async (reader) => {
      const swapping = rooms.swap(release, { roundMs: 1_500, patienceMs: 400 });
      for (let n = 0; n < 20; n++) await reader.query('select count(*) from jurisdictions');
      await reader.query('commit');
      expect((await swapping).outcome).toBe('swapped');
    });
  });

  it('are ended when that is asked for and their role is allowed, and only then', async () => {
    await rooms.seed(2);
    release = await rooms.stage('Mar2027');
    await rooms.prepare(release);
    await withReader('begin; select count(*) from sources', async (reader) => {
      const spared = await rooms.swap(release, { roundMs: 200, endBlockersOf: ['pp_web'] });
      expect(spared).toMatchObject({ outcome: 'blocked', ended: [] });
      expect((await reader.query('select 1')).rowCount).toBe(1);
      const attempt = await rooms.swap(release, { endBlockersOf: ['pp_release'] });
      expect(attempt).toMatchObject({
        outcome: 'swapped',
        ended: [{ application: 'a slow report', role: 'pp_release' }],
      });
      await expect(reader.query('select 1')).rejects.toThrow();
    });
  });
});
