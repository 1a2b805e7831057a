import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planDemote } from '../../activities/live/demote.ts';
import { type Foresight, foresee } from '../../activities/live/foresee.ts';
import { planPromote } from '../../activities/live/promote.ts';
import { createStagingViews } from '../../activities/portal/materialized_views.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { schemaDump } from './support.ts';

/** Columns of a relation, in order, with their types. */
async function columnsOf(rooms: Rooms, relation: string): Promise<string[]> {
  const rows = await rooms.rows<{ column: string }>(
    `select attname || ' ' || format_type(atttypid, atttypmod) as column from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [relation],
  );
  return rows.map(({ column }) => column);
}

/** Live as a database has it that was there before us: one view with another order and another type, none of it filled. */
async function makeLive(rooms: Rooms, view: string, select: string): Promise<void> {
  await rooms.rows(`create materialized view ${view} as ${select} with no data`);
}

describe('views of staging where live has a shape of its own', () => {
  let rooms: Rooms;

  beforeAll(async () => {
    rooms = await openRooms(40);
    await rooms.seed(0);
  });
  afterAll(() => rooms.close());

  const withLive = async (view: string, select: string, act: () => Promise<void>) => {
    await makeLive(rooms, view, select);
    try {
      await act();
    } finally {
      await rooms.rows(`drop materialized view ${view}`);
    }
  };

  it('take the columns of live in its order and with its types, their own last', async () => {
    const select = `select null::varchar as iso3s, null::bigint as wdpa_id`;
    await withLive('portal_iso3_agg', select, async () => {
      await createStagingViews(rooms.db);
      expect(await columnsOf(rooms, 'staging_portal_iso3_agg')).toEqual([
        'iso3s character varying',
        'wdpa_id bigint',
        'parcel_id text',
      ]);
      const [row] = await rooms.rows<{ n: number }>(
        'select count(*)::int as n from staging_portal_iso3_agg where iso3s is not null',
      );
      expect(row?.n).toBeGreaterThan(0);
    });
  });

  it('take their own shape when that is asked for', async () => {
    await withLive('portal_iso3_agg', 'select null::bigint as wdpa_id', async () => {
      await createStagingViews(rooms.db, { acceptShape: true });
      expect(await columnsOf(rooms, 'staging_portal_iso3_agg')).toEqual([
        'wdpa_id integer',
        'parcel_id text',
        'iso3s text',
      ]);
    });
  });

  it('name the rows whose text live cannot hold, and leave staging as it was', async () => {
    const before = await columnsOf(rooms, 'staging_portal_iso3_agg');
    await withLive('portal_iso3_agg', 'select null::int4 as wdpa_id, null::varchar(2) as iso3s', async () => {
      await expect(createStagingViews(rooms.db)).rejects.toMatchObject({
        type: 'PreflightFailed',
        message: expect.stringMatching(
          /view portal_iso3_agg: values of the portal do not fit .* iso3s \(character varying\(2\)\): \d+ rows \(\d+\/\d+/,
        ),
      });
    });
    expect(await columnsOf(rooms, 'staging_portal_iso3_agg')).toEqual(before);
  });

  it('name the rows whose number live cannot hold', async () => {
    await withLive('portal_standard_points', 'select null::int2 as site_id', async () => {
      await expect(createStagingViews(rooms.db)).rejects.toMatchObject({
        type: 'PreflightFailed',
        message: expect.stringMatching(/view portal_standard_points: .* site_id \(smallint\): \d+ rows \(\d+\/\d+/),
      });
    });
  });

  it('refuse a column of live that they do not have, and a type that no INSERT would turn theirs into', async () => {
    const select = 'select null::int4 as wdpa_id, null::point as parcel_id, null::text as note';
    await withLive('portal_iso3_agg', select, async () => {
      await expect(createStagingViews(rooms.db)).rejects.toMatchObject({
        type: 'PreflightFailed',
        message: expect.stringMatching(
          /portal_iso3_agg\.parcel_id is point; this release makes text.*has a column note \(text\), which this release does not make/,
        ),
      });
    });
  });
});

const VIEW = 'portal_standard_sources';

describe('a live view that others have made, release by release', () => {
  let rooms: Rooms;
  let dump: string[];
  let stamp: string;

  beforeAll(async () => {
    rooms = await openRooms(40);
    await rooms.seed(0);
    await rooms.release('Jan2026');
    // As upstream has it: the newest column first, and a type of its own. Its readers, and one reader of a table.
    await rooms.rows(`drop view portal_downloads_protected_areas`);
    await rooms.rows(`alter materialized view ${VIEW} rename to made_before`);
    await rooms.rows(
      `create materialized view ${VIEW} as
       select citation, metadataid::bigint as metadataid, index_id, data_title::varchar(500) as data_title, resp_party, verifier, year,
              update_yr, language, char_set, ref_system, scale, lineage, disclaimer from made_before`,
    );
    await rooms.rows('alter materialized view made_before rename to kept_elsewhere');
    await rooms.rows(`create view citations as select metadataid, citation from ${VIEW}`);
    await rooms.rows('grant select on citations to public');
  });
  afterAll(() => rooms.close());

  const planned = async (releaseId: number) => {
    const { plan } = await rooms.db.session((session) => planPromote(session, releaseId, '2701010000'));
    return plan.changes;
  };

  it('keeps its columns, and so do its readers', async () => {
    await rooms.rows('drop index if exists idx_portal_sources_pk, idx_portal_sources_metadataid');
    await rooms.seed(1);
    const columns = await columnsOf(rooms, VIEW);
    const citations = await columnsOf(rooms, 'citations');
    const first = await rooms.stage('Feb2026');
    await rooms.prepare(first);
    expect(await planned(first.releaseId)).toContain(`${VIEW}: its SELECT is another one than before`);
    expect((await rooms.swap(first)).outcome).toBe('swapped');
    expect(await columnsOf(rooms, VIEW)).toEqual(columns);
    expect(await columnsOf(rooms, 'citations')).toEqual(citations);
    dump = await schemaDump(rooms);
    await rooms.seed(2);
    const second = await rooms.stage('Mar2026');
    await rooms.prepare(second);
    expect(await planned(second.releaseId)).toEqual([]);
    expect((await rooms.swap(second)).outcome).toBe('swapped');
    expect(await schemaDump(rooms)).toEqual(dump);
  });

  it('changes its columns when that was accepted, once no reader is in the way', async () => {
    await rooms.seed(3);
    const release = await rooms.stage('Apr2026', { acceptShape: true });
    await expect(rooms.prepare(release)).rejects.toMatchObject({
      type: 'SwapRefused',
      message: expect.stringMatching(/view public\.citations .* its column metadataid would be no bigint any more/),
    });
    await rooms.rows('drop view citations');
    await rooms.prepare(release);
    const { plan } = await rooms.db.session((session) => planPromote(session, release.releaseId, '2701010000'));
    expect(plan.refusals).toEqual([]);
    expect(plan.changes).toContainEqual(
      expect.stringMatching(
        /portal_standard_sources: column metadataid is integer, in live it is bigint .* prepared statement/,
      ),
    );
    expect(plan.changes).toContainEqual(expect.stringMatching(/portal_standard_sources: columns have another order/));
    const attempt = await rooms.swap(release);
    expect(attempt.outcome).toBe('swapped');
    stamp = attempt.outcome === 'swapped' ? attempt.stamp : '';
    expect((await columnsOf(rooms, VIEW))[0]).toBe('index_id text');
  });

  it('goes back to the columns before only when that is accepted too', async () => {
    const [current] = await rooms.rows<{ releaseId: number; label: string }>(
      'select id::int as "releaseId", label from releases where is_current',
    );
    const release = { ...current, startedAt: '' } as unknown as Parameters<Rooms['rollback']>[0];
    await expect(rooms.rollback(release, stamp)).rejects.toMatchObject({
      type: 'SwapRefused',
      message: expect.stringContaining('accept the change with --accept-shape'),
    });
    const made = await rooms.db.session((session) =>
      planDemote(session, { stamp, acceptShape: true }, release.releaseId),
    );
    expect(made.plan.refusals).toEqual([]);
    expect((await rooms.rollback(release, stamp, { acceptShape: true })).outcome).toBe('rolled back');
    expect((await columnsOf(rooms, VIEW))[0]).toMatch(/^citation /);
    await rooms.prepare(release);
    expect((await rooms.swap(release)).outcome).toBe('swapped');
    expect((await columnsOf(rooms, VIEW))[0]).toBe('index_id text');
  });
});

describe('what would refuse a release is known before anything is made', () => {
  let rooms: Rooms;

  beforeAll(async () => {
    rooms = await openRooms(40);
    await rooms.seed(0);
    await rooms.release('Jan2026');
    await withClient(rooms.databases.superuserUrl, (client) =>
      client.query(`do $$ begin create role shape_reporter; exception when duplicate_object then null; end $$`),
    );
  });
  afterAll(() => rooms.close());

  const asSuperuser = (sql: string) => withClient(rooms.databases.superuserUrl, (client) => client.query(sql));
  const texts = ({ obstacles }: Foresight) => obstacles.map(({ group, text }) => `${group}: ${text}`);

  it('nothing on a healthy database, and what is carried over is listed', async () => {
    const seen = await rooms.db.session((session) => foresee(session));
    expect(seen.obstacles).toEqual([]);
    expect(seen.changes).toContain('view public.portal_downloads_protected_areas is carried over');
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a view of another role over a released table',
      'grant create on schema public to shape_reporter; grant select on sources to shape_reporter; set role shape_reporter; create view their_sources as select id from public.sources; reset role',
      'drop view their_sources; revoke select on sources from shape_reporter; revoke create on schema public from shape_reporter',
      /^dependents: view public\.their_sources \(owner shape_reporter\) depends on released relations.*grant shape_reporter/,
    ],
    [
      'a partition of a released table',
      'create table sources_of_others () inherits (sources)',
      'drop table sources_of_others',
      /^dependents: public\.sources is a partition/,
    ],
    [
      'a column that an importer writes and live lacks',
      'alter table story_map_links rename column link to address',
      'alter table story_map_links rename column address to link',
      /^columns: live story_map_links has no column link, which an importer writes/,
    ],
    [
      'a foreign table that this role may not read',
      'revoke select on portal_fdw.wdpas from current_user; alter foreign table portal_fdw.wdpas owner to shape_reporter',
      `alter foreign table portal_fdw.wdpas owner to pp_release`,
      /^portal: foreign table wdpas \(owner shape_reporter\) may not be read/,
    ],
    [
      'a column of a live view that no release makes',
      'alter materialized view portal_int_crit_agg rename column int_crit to criteria',
      'alter materialized view portal_int_crit_agg rename column criteria to int_crit',
      /^shape: live portal_int_crit_agg has a column criteria \(text\), which this release does not make/,
    ],
    [
      'a column of the downloads view that no release makes',
      'alter view portal_downloads_protected_areas rename column "VERIF" to "CHECKED"',
      'alter view portal_downloads_protected_areas rename column "CHECKED" to "VERIF"',
      /^shape: live portal_downloads_protected_areas has a column CHECKED/,
    ],
    [
      'a table of others where the backup will be',
      'create table staging_next_releases ()',
      'drop table staging_next_releases',
      /^names: table public\.staging_next_releases/,
    ],
  ])('%s', async (_, arrange, undo, says) => {
    await asSuperuser(arrange);
    try {
      const seen = await rooms.db.session((session) => foresee(session));
      expect(texts(seen)).toContainEqual(expect.stringMatching(says));
    } finally {
      await asSuperuser(undo);
    }
    expect((await rooms.db.session((session) => foresee(session))).obstacles).toEqual([]);
  });

  it('a view that reads a backup which goes with the release', async () => {
    const stamps: string[] = [];
    for (const label of ['Feb2026', 'Mar2026']) stamps.push((await rooms.release(label)).stamp);
    const [, newest = ''] = stamps;
    await rooms.rows(`create view sites_of_then as select site_id from bk${newest}_protected_areas`);
    const at = (keepBackups: number) => rooms.db.session((session) => foresee(session, { keepBackups }));
    expect(texts(await at(1))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^dependents: view sites_of_then \\(owner pp_release\\) reads backup ${newest}, which goes with this release`,
        ),
      ),
    ]);
    expect(texts(await at(2))).toEqual([]);
    await rooms.rows('drop view sites_of_then');
    expect(texts(await at(1))).toEqual([]);
  });
});
