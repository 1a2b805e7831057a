import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStagingViews } from '../../activities/portal/materialized_views.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

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
