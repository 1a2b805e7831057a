import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptPlan, makeReady } from '../../activities/live/attempt.ts';
import { freeStamp } from '../../activities/live/backups.ts';
import { planPromote } from '../../activities/live/promote.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { LIMITS, openRooms, type Rooms } from '../support/rooms.ts';

describe('readers that arrive while the swap holds its locks', () => {
  let rooms: Rooms;
  let release: ReleaseRef;
  let before: { sites: number; newest: number };
  let after: { sites: number; newest: number };

  const COUNTS = `select count(*)::int as sites, max(extract(epoch from updated_at))::float8 as newest from protected_areas`;

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    await rooms.release('Jan2027');
    [before] = (await rooms.rows<{ sites: number; newest: number }>(COUNTS)) as [typeof before];
    await rooms.seed(6);
    release = await rooms.stage('Feb2027');
    await rooms.prepare(release);
    [after] = (await rooms.rows<{ sites: number; newest: number }>(
      COUNTS.replace('protected_areas', 'staging_protected_areas'),
    )) as [typeof after];
  });
  afterAll(() => rooms?.close());

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: rooms.databases.databaseUrl, application_name: 'reader' });
    await client.connect();
    return client;
  }

  it('see one release and not two, whatever their isolation level, and prepared statements go on', async () => {
    expect(after).not.toEqual(before);
    const prepared = await connect();
    const statement = { name: 'counts', text: COUNTS };
    expect((await prepared.query(statement)).rows).toEqual([before]);
    const stamp = await rooms.db.session(freeStamp);
    const ready = await makeReady(rooms.db, (session) => planPromote(session, release.releaseId, stamp));
    const inside = [...ready.plan.inside, { sql: 'select pg_sleep(1.5)', reason: 'time for readers to come' }];
    const swapping = rooms.db.session((session) =>
      attemptPlan(rooms.db, session, ready.snapshot, { ...ready.plan, inside }, LIMITS),
    );
    while (
      (await rooms.rows(`select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`))
        .length === 0
    ) {
      await delay(10);
    }
    const seen = await Promise.all(
      ['read committed', 'repeatable read', 'serializable'].map(async (level) => {
        const reader = await connect();
        // The snapshot of the stricter levels is taken here, while the swap is not committed yet.
        await reader.query(`begin isolation level ${level}`);
        const current = await reader.query<{ label: string }>('select label from releases where is_current');
        const counts = await reader.query(COUNTS);
        const viewed = await reader.query<{ n: number }>(
          'select count(*)::int as n from portal_downloads_protected_areas',
        );
        await reader.query('commit');
        await reader.end();
        return { level, label: current.rows.map((row) => row.label), counts: counts.rows, viewed: viewed.rows[0]?.n };
      }),
    );
    expect((await swapping).outcome).toBe('done');
    const [views] = await rooms.rows<{ n: number }>('select count(*)::int as n from portal_downloads_protected_areas');
    for (const { level, label, counts, viewed } of seen) {
      expect([level, label, counts, viewed]).toEqual([level, ['Feb2027'], [after], views?.n]);
    }
    expect((await prepared.query(statement)).rows).toEqual([after]);
    await prepared.end();
  });

  it('find planner statistics of the new rows at once', async () => {
    const rows = await rooms.rows<{ relname: string; known: number; reltuples: number }>(
      `select c.relname, c.reltuples::int as reltuples, (select count(*)::int from pg_stats s where s.tablename = c.relname) as known
       from pg_class c where c.relname in ('protected_areas', 'protected_area_parcels', 'portal_standard_polygons') and relkind in ('r', 'm')`,
    );
    expect(rows).toHaveLength(3);
    for (const { known, reltuples } of rows) {
      expect(known).toBeGreaterThan(10);
      expect(reltuples).toBeGreaterThan(0);
    }
  });
});
