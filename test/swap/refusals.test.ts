import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { requireUnchanged } from '../../activities/staging/manifest.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { wholeState } from './support.ts';

describe('what cannot be carried, or would lose something, is refused before the swap', () => {
  let rooms: Rooms;
  let release: ReleaseRef;
  let undo: string[] = [];

  beforeAll(async () => {
    rooms = await openRooms();
    await rooms.seed(0);
    await rooms.release('Jan2027');
    await rooms.seed(1);
    release = await rooms.stage('Feb2027');
  });
  afterAll(() => rooms?.close());
  beforeEach(() => {
    undo = [];
  });
  afterEach(async () => {
    for (const sql of undo) await asSuperuser(sql);
  });

  const asSuperuser = (sql: string) => withClient(rooms.databases.superuserUrl, (client) => client.query(sql));

  /** Does `sql`, and expects that the preparation of the swap refuses with these words and leaves live as it is. */
  async function refuses(sql: string, after: string, ...words: (string | RegExp)[]): Promise<void> {
    await asSuperuser(sql);
    undo.push(after);
    const before = await wholeState(rooms);
    const error = await rooms.prepare(release).then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { type?: string },
    );
    expect(error?.type, error?.message ?? 'no error').toBe('SwapRefused');
    for (const word of words) expect(error?.message).toMatch(word);
    const live = (state: string) => JSON.stringify((JSON.parse(state) as { releases: unknown }).releases);
    expect(live(await wholeState(rooms))).toBe(live(before));
    await expect(rooms.swap(release)).rejects.toMatchObject({ type: 'SwapRefused' });
  }

  it('a staging table that is missing', async () => {
    await asSuperuser('alter table staging_realms rename to staging_gone');
    undo.push('alter table staging_gone rename to staging_realms');
    await expect(rooms.prepare(release)).rejects.toMatchObject({
      type: 'StagingUnfit',
      message: expect.stringContaining('staging_realms'),
    });
    await expect(rooms.swap(release)).rejects.toThrow(/nothing was changed: .*staging_realms is missing in staging/);
  });

  it('a column that is missing, has moved or has another type', async () => {
    await refuses(
      'alter table staging_realms rename name to title',
      'alter table staging_realms rename title to name',
      'staging_realms: column name is missing',
    );
    await refuses(
      'alter table staging_sources alter scale type text',
      'alter table staging_sources alter scale type character varying',
      'staging_sources: column scale is text, in live it is character varying',
    );
  });

  it('a view with a column of the row type', () =>
    refuses('create view whole as select s as source from sources s', 'drop view whole', /whole.*row type/));

  it('a table with a column of the row type', () =>
    refuses('create table boxed (source sources)', 'drop table boxed', /boxed.*row type/));

  it('a materialized view in another schema', () =>
    refuses(
      'create schema elsewhere; create materialized view elsewhere.counted as select count(*) as n from public.sources',
      'drop schema elsewhere cascade',
      /materialized view elsewhere\.counted, which reads released relations from another schema/,
    ));

  it('a child table', () =>
    refuses(
      'create table more_sources () inherits (sources)',
      'drop table more_sources',
      'sources is a partition, a partitioned table, or has a parent or children',
    ));

  it('a right that somebody else granted', () =>
    refuses(
      `create role granter_${process.pid}; grant select on sources to granter_${process.pid} with grant option;
       set role granter_${process.pid}; grant select on sources to pg_monitor; reset role`,
      `revoke all on sources from granter_${process.pid} cascade; drop role granter_${process.pid}`,
      /right on public\.sources was granted by/,
    ));

  it('a lookup edited in live since staging was built', () =>
    refuses(
      `update realms set updated_at = now() + interval '1 day' where id = (select min(id) from realms)`,
      'select 1',
      /realms \(rows with id \d+\) edited in live since staging was built.*run the release from build_staging/,
    ).then(async () => {
      release = await rooms.stage('Mar2027');
    }));

  it('a row elsewhere whose site is gone', async () => {
    const [gone] = await rooms.rows<{ site_id: number }>(
      'select site_id from protected_areas where site_id not in (select site_id from staging_protected_areas) limit 1',
    );
    const site = gone?.site_id ?? 0;
    if (!gone)
      await asSuperuser(
        `insert into protected_areas (id, site_id, created_at, updated_at) values (999999, 0, now(), now())`,
      );
    await refuses(
      `create table visited (site_id int references protected_areas (site_id)); alter table visited owner to pp_release; insert into visited values (${site})`,
      'drop table visited',
      new RegExp(
        `1 rows of public.visited refer to rows of public.protected_areas that the new release no longer has .*such as ${site}`,
      ),
    );
  });

  it('staging that is not what the manifest says', async () => {
    await asSuperuser(`update staging_sources set title = 'changed' where id = (select min(id) from staging_sources)`);
    await expect(requireUnchanged(rooms.db, release)).rejects.toThrow(
      'staging changed since the manifest was written: staging_sources',
    );
  });

  it('a property of live that changed since staging was prepared', async () => {
    await rooms.prepare(release);
    await asSuperuser('grant select on sources to pg_monitor');
    await expect(rooms.swap(release)).rejects.toThrow(
      /live changed since staging was prepared: staging sources gets live's grant/,
    );
    await rooms.prepare(release);
    expect((await rooms.swap(release)).outcome).toBe('swapped');
    const [granted] = await rooms.rows<{ ok: boolean }>(
      `select has_table_privilege('pg_monitor', 'sources', 'select') as ok`,
    );
    expect(granted?.ok).toBe(true);
  });
});
