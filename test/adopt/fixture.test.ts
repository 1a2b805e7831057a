import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/release.ts';
import { APRIL, createOldSystem, MARCH, type OldSystem } from './old_system/index.ts';

describe('the database of the old system', () => {
  let old: OldSystem;

  beforeAll(async () => {
    old = await createOldSystem();
  });
  afterAll(() => old?.drop());

  const rows = <R extends Record<string, unknown>>(sql: string) => ask<R>(old.databaseUrl, sql);

  it('has columns in the order of twelve years, int8 where ours is int4, and int4 sequences under int8 keys', async () => {
    const columns = await rows<{ attname: string }>(
      `select attname from pg_attribute where attrelid = 'protected_areas'::regclass and attnum between 1 and 4 order by attnum`,
    );
    expect(columns.map(({ attname }) => attname)).toEqual(['id', 'created_at', 'updated_at', 'the_geom']);
    expect(
      await rows(
        `select format_type(atttypid, atttypmod) as type from pg_attribute
         where attname = 'wdpa_id' and attrelid in ('portal_iso3_agg'::regclass, 'portal_int_crit_agg'::regclass)`,
      ),
    ).toEqual([{ type: 'bigint' }, { type: 'bigint' }]);
    const [sequence] = await rows(
      `select seqtypid::regtype::text as type from pg_sequence where seqrelid = 'protected_area_parcels_id_seq'::regclass`,
    );
    expect(sequence).toEqual({ type: 'integer' });
  });

  it('has two backups of sixteen tables and nine views, with indexes called idx_ and a key to a live lookup', async () => {
    const found = await rows(
      `select substr(relname, 3, 10) as stamp, count(*) filter (where relkind = 'r')::int as tables,
              count(*) filter (where relkind = 'm')::int as views, count(*) filter (where relkind = 'v')::int as downloads
       from pg_class where relname ~ '^bk[0-9]{10}_' and relkind in ('r', 'm', 'v') group by 1 order by 1`,
    );
    expect(found).toEqual([
      { stamp: MARCH, tables: 16, views: 9, downloads: 1 },
      { stamp: APRIL, tables: 16, views: 9, downloads: 1 },
    ]);
    const [index] = await rows(
      `select count(*)::int as n from pg_indexes where tablename = 'bk${APRIL}_protected_areas' and indexname ~ '^idx_[0-9a-f]{8}$'`,
    );
    expect(index).toEqual({ n: 16 });
    const keys = await rows<{ key: string }>(
      `select conrelid::regclass || ' ' || conname as key from pg_constraint
       where contype = 'f' and confrelid = 'pame_methods'::regclass order by 1`,
    );
    expect(keys.map(({ key }) => key)).toEqual([
      `bk${MARCH}_pame_evaluations fk_rails_405688aef8`,
      `bk${APRIL}_pame_evaluations fk_rails_405688aef8`,
      'pame_evaluations fk_rails_405688aef8',
    ]);
  });

  it("has '' and 0 for what the portal lacks, lookups without a name, and other ids in each release", async () => {
    const [blank] = await rows(
      `select count(*) filter (where conservation_objectives = '') > 0 as texts, count(*) filter (where reported_area = 0) > 0 as areas,
              count(*) filter (where designation_id is null or governance_id is null or iucn_category_id is null) as without
       from protected_areas`,
    );
    expect(blank).toEqual({ texts: true, areas: true, without: '0' });
    for (const table of ['jurisdictions', 'designations', 'governances', 'management_authorities', 'iucn_categories']) {
      expect([table, await rows(`select distinct name from ${table} where name = ''`)]).toEqual([
        table,
        [{ name: '' }],
      ]);
    }
    const [ids] = await rows(
      `select bool_and(a.id = b.id) as same, count(*) > 100 as many
       from protected_areas a join bk${APRIL}_protected_areas b using (site_id)`,
    );
    expect(ids).toEqual({ same: false, many: true });
  });

  it("has releases whose stamps are those of the server's zone, the website's role as owner, and a link that is the superuser's", async () => {
    expect(
      await rows(
        `select label, is_current, to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp from releases order by id`,
      ),
    ).toEqual([
      { label: 'Feb2026', is_current: false, stamp: null },
      { label: 'Mar2026', is_current: false, stamp: '2604010512' },
      { label: 'Apr2026', is_current: false, stamp: '2605050602' },
      { label: 'May2026', is_current: true, stamp: null },
    ]);
    const [owners] = await rows(
      `select (select count(distinct relowner) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'm')
                 and relname <> 'spatial_ref_sys')::int as of_tables,
              (select srvowner = current_user::regrole from pg_foreign_server) as of_server`,
    );
    expect(owners).toEqual({ of_tables: 1, of_server: false });
    expect(await ask(old.readerUrl, 'select count(*) > 0 as some from portal_downloads_protected_areas')).toEqual([
      { some: true },
    ]);
    expect(
      await ask(old.readerUrl, 'select count(*)::int as n from regional_statistics_view where percentage_pa_cover > 0'),
    ).toEqual([{ n: 7 }]);
  });
});
