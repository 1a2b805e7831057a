import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createLiveDatabase } from '../../local/stack/postgres/databases.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { urlWith } from '../support/templates.ts';

const names: string[] = [];

/** An empty database that role pp_release owns. */
async function emptyDatabase(): Promise<string> {
  const database = `test_${randomBytes(5).toString('hex')}_old`;
  names.push(database);
  await createLiveDatabase(inject('superuserUrl'), database);
  return urlWith(inject('stackEnv').PP_DATABASE_URL, { database });
}

afterAll(async () => {
  for (const name of names) await ask(inject('superuserUrl'), `drop database "${name}" with (force)`);
});

const migrate = (url: string) => runCommandLine(['migrate'], { PP_DATABASE_URL: url });

/** A part of the old system's schema, as Rails made it, with what only it has: columns, index names, rows. */
const OLD_SYSTEM = `
  create table schema_migrations (version character varying not null primary key);
  insert into schema_migrations values ('20250401120000');
  create table releases (
    id bigserial primary key, label character varying not null, state character varying default 'started' not null,
    stats_json jsonb default '{}', manifest_url character varying, error_text text,
    is_current boolean default false not null, backup_timestamp timestamp(6) without time zone,
    created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
  create unique index index_releases_on_is_current_true on releases (is_current) where is_current = true;
  insert into releases (label, state, is_current, created_at, updated_at)
    values ('Mar2026', 'succeeded', false, '2026-03-01', '2026-03-02'), ('Apr2026', 'succeeded', true, '2026-04-01', '2026-04-02');
  create table release_events (
    id bigserial primary key, release_id bigint not null constraint fk_rails_1 references releases (id),
    phase character varying not null, payload_json jsonb default '{}', at timestamp without time zone not null);
  create index idx_events_of_release on release_events using btree (release_id);
  create index idx_events_of_phase on release_events using btree (phase);
  insert into release_events (release_id, phase, at) values (2, 'lock_acquired', '2026-04-01');
  create table green_list_statuses (
    id bigserial primary key, gl_status character varying, gl_expiry date, gl_link character varying,
    created_at timestamp without time zone not null, updated_at timestamp without time zone not null);
  create table protected_areas (
    id serial constraint protected_areas_pkey primary key, site_id integer, site_pid text, wdpa_id integer, name text,
    notes_of_the_website text default 'none', the_geom geometry, green_list_status_id bigint constraint fk_rails_2
      references green_list_statuses (id),
    created_at timestamp without time zone not null, updated_at timestamp without time zone not null);
  create unique index idx_old_site_id on protected_areas (site_id);
  create index idx_old_geom on protected_areas using gist (the_geom);
  insert into protected_areas (site_id, site_pid, wdpa_id, name, the_geom, created_at, updated_at)
    select n, n::text, n, 'Old site ' || n, st_setsrid(st_makepoint(n, n), 4326), '2020-01-01', '2021-01-01' from generate_series(1, 50) n;
  create table realms (id serial primary key, name text not null, created_at timestamp, updated_at timestamp);
  insert into realms (name) values ('Terrestrial');
  create view regional_statistics_view as select count(*) as sites from protected_areas;`;

/** All that is there, so that what is gone or different shows. */
async function everything(url: string): Promise<Map<string, string>> {
  const objects = await ask<{ object: string; definition: string }>(
    url,
    `select 'column ' || table_schema || '.' || table_name || '.' || column_name as object,
            concat_ws(' ', ordinal_position, data_type, is_nullable, column_default) as definition
     from information_schema.columns where table_schema in ('public', 'pp_release')
     union all select 'index ' || schemaname || '.' || indexname, indexdef from pg_indexes where schemaname in ('public', 'pp_release')
     union all select 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
       where connamespace in ('public'::regnamespace, 'pp_release'::regnamespace)
     union all select 'view ' || viewname, definition from pg_views where schemaname = 'public'
     union all select 'sequence ' || schemaname || '.' || sequencename, coalesce(last_value, 0)::text from pg_sequences
     union all select 'function ' || p.oid::regprocedure, md5(prosrc) from pg_proc p where pronamespace = 'pp_release'::regnamespace`.replace(
      /'pp_release'::regnamespace/g,
      `coalesce(to_regnamespace('pp_release'), 0)`,
    ),
  );
  const found = new Map(objects.map(({ object, definition }) => [object, definition]));
  const tables = await ask<{ name: string }>(
    url,
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  for (const { name } of tables) {
    const [row] = await ask<{ digest: string }>(
      url,
      `select md5(coalesce(string_agg(md5((to_jsonb(t) - '{workflow_id,run_id,mode}'::text[])::text), '' order by t::text), '')) as digest from "${name}" t`,
    );
    found.set(`rows ${name}`, row?.digest ?? '');
  }
  return found;
}

describe('a database that holds the tables of the old system', () => {
  let url: string;
  let before: Map<string, string>;
  let after: Map<string, string>;

  beforeAll(async () => {
    url = await emptyDatabase();
    await ask(url, OLD_SYSTEM);
    before = await everything(url);
    expect((await migrate(url)).code).toBe(0);
    after = await everything(url);
  });

  it('keeps every column, index, constraint, view and row as it was', () => {
    const changed = [...before].filter(([object, definition]) => after.get(object) !== definition);
    expect(changed).toEqual([]);
  });

  it('gets three nullable columns of releases, an index on one of them, and tables that were missing; nothing else', () => {
    const old = ['releases', 'release_events', 'green_list_statuses', 'protected_areas', 'realms', 'schema_migrations'];
    const added = [...after.keys()].filter(
      (object) =>
        !before.has(object) &&
        old.some((table) => new RegExp(`[ .](?:index_)?${table}(?:\\.|_on_|_pkey|$)`).test(object)),
    );
    expect(added.filter((object) => !object.includes('pp_release')).sort()).toEqual([
      'column public.releases.mode',
      'column public.releases.run_id',
      'column public.releases.workflow_id',
      'index public.index_releases_on_workflow_id',
    ]);
    for (const column of ['mode', 'run_id', 'workflow_id']) {
      expect(after.get(`column public.releases.${column}`)).toMatch(/^\d+ text YES$/);
    }
    expect(after.has('column public.protected_area_parcels.site_id')).toBe(true);
  });

  it('is not changed by a second migration', async () => {
    expect((await migrate(url)).code).toBe(0);
    expect(await everything(url)).toEqual(after);
  });
});

it('eight migrations of one empty database at once all succeed, and do what one does', async () => {
  const [one, eight] = [await emptyDatabase(), await emptyDatabase()];
  expect((await migrate(one)).code).toBe(0);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => migrate(eight)));
  expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual(Array.from({ length: 8 }, () => [0, '']));
  expect(await everything(eight)).toEqual(await everything(one));
});
