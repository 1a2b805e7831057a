import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStagingViews, indexStagingViews } from '../../activities/portal/materialized_views.ts';
import { createPool, Database } from '../../activities/postgres/database.ts';
import { ReleaseError, sqlstateOf } from '../../activities/postgres/errors.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { runImporter } from '../../activities/staging/importer.ts';
import { tables, views } from '../../catalog/index.ts';
import { ask } from '../support/release.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

/** PP_ALL_SETTINGS=1: each setting alone, and 20 combinations. Otherwise all of them, many at a time. */
const ALL = process.env.PP_ALL_SETTINGS === '1';
const SEED = Number(process.env.PP_SETTINGS_SEED ?? Date.now() % 1_000_000);

/** Settings that a role or database may have, at values that a release must not notice. */
const UNNOTICED: [string, string][] = [
  // what is read and what its text means
  ['search_path', 'pg_catalog'],
  ['search_path', 'nowhere, portal_fdw'],
  ['standard_conforming_strings', 'off'],
  ['backslash_quote', 'on'],
  ['escape_string_warning', 'off'],
  ['transform_null_equals', 'on'],
  ['array_nulls', 'off'],
  ['quote_all_identifiers', 'on'],
  ['gin_fuzzy_search_limit', '1'],
  ['synchronize_seqscans', 'on'],
  ['restrict_nonsystem_relation_kind', 'view, foreign-table'],
  ['row_security', 'on'],
  ['client_encoding', 'LATIN1'],
  ['default_text_search_config', 'pg_catalog.german'],
  // how values become text, and text values
  ['DateStyle', 'SQL, DMY'],
  ['DateStyle', 'German'],
  ['DateStyle', 'Postgres, YMD'],
  ['IntervalStyle', 'iso_8601'],
  ['IntervalStyle', 'sql_standard'],
  ['TimeZone', 'Pacific/Apia'],
  ['TimeZone', 'America/St_Johns'],
  ['timezone_abbreviations', 'India'],
  ['extra_float_digits', '0'],
  ['extra_float_digits', '-10'],
  ['extra_float_digits', '3'],
  ['bytea_output', 'escape'],
  ['xmlbinary', 'hex'],
  ['xmloption', 'document'],
  ['lc_monetary', 'C.UTF-8'],
  ['lc_numeric', 'C.UTF-8'],
  ['lc_time', 'C.UTF-8'],
  ['lc_messages', 'C.UTF-8'],
  // transactions, limits, durability
  ['statement_timeout', '100'],
  ['lock_timeout', '1'],
  ['idle_in_transaction_session_timeout', '20'],
  ['idle_session_timeout', '20'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_isolation', 'repeatable read'],
  ['default_transaction_deferrable', 'on'],
  ['synchronous_commit', 'off'],
  ['deadlock_timeout', '1'],
  ['client_min_messages', 'debug1'],
  ['client_min_messages', 'error'],
  // what is made
  ['default_table_access_method', 'heap_of_another_name'],
  ['default_toast_compression', 'lz4'],
  ['check_function_bodies', 'off'],
  ['default_statistics_target', '1'],
  ['temp_tablespaces', 'nowhere'],
];

/** Those that cost speed only. A few of them together may cost a minute, so the one combination of each run has none. */
const PLANS: [string, string][] = [
  ['enable_hashjoin', 'off'],
  ['enable_mergejoin', 'off'],
  ['enable_nestloop', 'off'],
  ['enable_hashagg', 'off'],
  ['enable_sort', 'off'],
  ['enable_seqscan', 'off'],
  ['enable_indexscan', 'off'],
  ['enable_bitmapscan', 'off'],
  ['enable_material', 'off'],
  ['enable_memoize', 'off'],
  ['enable_async_append', 'off'],
  ['force_parallel_mode', 'on'],
  ['max_parallel_workers_per_gather', '0'],
  ['min_parallel_table_scan_size', '0'],
  ['parallel_setup_cost', '0'],
  ['parallel_tuple_cost', '0'],
  ['geqo_threshold', '2'],
  ['geqo_seed', '0.7'],
  ['join_collapse_limit', '1'],
  ['from_collapse_limit', '1'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['constraint_exclusion', 'on'],
  ['random_page_cost', '0.01'],
  ['cursor_tuple_fraction', '0.01'],
  ['jit_above_cost', '0'],
  ['work_mem', '64kB'],
  ['hash_mem_multiplier', '1'],
  ['maintenance_work_mem', '1MB'],
  ['temp_buffers', '800kB'],
];

const ALL_UNNOTICED = [...UNNOTICED, ...PLANS];

/** Of the portal's reader: postgres_fdw sets some itself, the link the others. */
const OF_THE_READER: [string, string][] = [
  ['search_path', 'nowhere'],
  ['extra_float_digits', '-10'],
  ['DateStyle', 'German'],
  ['IntervalStyle', 'iso_8601'],
  ['TimeZone', 'Pacific/Apia'],
  ['bytea_output', 'escape'],
  ['standard_conforming_strings', 'off'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['gin_fuzzy_search_limit', '1'],
  ['quote_all_identifiers', 'on'],
  ['client_encoding', 'LATIN1'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_read_only', 'on'],
];

/** Settings at values with which rows would be lost or could not be written: the error says which, before anything is done. */
const REFUSED: [string, string, RegExp][] = [
  ['session_replication_role', 'replica', /parameter "session_replication_role".*alter role … reset/],
  ['zero_damaged_pages', 'on', /parameter "zero_damaged_pages".*alter role … reset/],
  ['ignore_checksum_failure', 'on', /parameter "ignore_checksum_failure".*alter role … reset/],
  ['default_transaction_read_only', 'on', /read-only transaction/],
];

let rooms: Rooms;
let release: ReleaseRef;
let expected: Record<string, string>;
/** What this version of PostgreSQL knows. */
let known: Set<string>;

const superuser = (sql: string) => ask(rooms.databases.superuserUrl, sql);
const database = () => new URL(rooms.databases.databaseUrl).pathname.slice(1);

beforeAll(async () => {
  rooms = await openRooms(60);
  await rooms.seed(0);
  await rooms.release('Jan2027');
  await rooms.rows('update protected_areas set is_dopa = true where site_id % 3 = 0');
  await rooms.seed(1);
  release = await rooms.stage('Feb2027');
  await superuser('create access method heap_of_another_name type table handler heap_tableam_handler');
  known = new Set((await rooms.rows<{ name: string }>('select name from pg_settings')).map(({ name }) => name));
  expected = await digests();
});
afterAll(() => rooms?.close());

/** Staging made anew for the same release, by sessions that have the role's and the database's settings. */
async function staged(): Promise<Record<string, string>> {
  const pool = createPool(rooms.databases.databaseUrl, 4);
  try {
    const db = new Database(pool, { applicationName: 'settings' });
    const quiet = () => undefined;
    await createStagingViews(db);
    await indexStagingViews(db);
    const imported = new Set(rooms.importers.flatMap(({ fills }) => fills));
    await buildStaging(db, { releaseId: release.releaseId, lightweight: false, imported });
    for (const importer of rooms.importers) await runImporter(db, release, importer, { onStep: quiet });
  } finally {
    await pool.end();
  }
  return digests();
}

/** Read once the settings are gone again. */
async function digests(): Promise<Record<string, string>> {
  const names = [...tables, ...views].map(({ name }) => `staging_${name}`);
  const each = [...names, 'pp_release.rejects'].map(
    (name) => `select '${name}' as name, count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 7)), 0) as digest,
                 coalesce((select amname from pg_class c join pg_am a on a.oid = relam where c.oid = '${name}'::regclass), '') as made
               from ${name} t ${name === 'pp_release.rejects' ? `where release_id = ${release.releaseId}` : ''}`,
  );
  const rows = await rooms.rows<{ name: string; digest: string; made: string }>(each.join(' union all '));
  return Object.fromEntries(rows.map(({ name, digest, made }) => [name, `${digest} ${made}`]));
}

/** The settings of one role in this database only, so that no other test file gets them. */
async function withSettings<T>(
  settings: [string, string][],
  work: () => Promise<T>,
  role = `role pp_release in database "${database()}"`,
): Promise<T> {
  try {
    await superuser(
      settings
        .filter(([name]) => known.has(name))
        .map(([name, value]) => `alter ${role} set ${name} = ${name === 'search_path' ? value : `'${value}'`}`)
        .join(';'),
    );
    return await work();
  } finally {
    await superuser(`alter ${role} reset all`);
  }
}

const told = (settings: [string, string][]) => settings.map(([name, value]) => `${name} = ${value}`).join(', ');

/** All of them in as few groups as there are values of one setting. */
function groups(): [string, string][][] {
  const found: [string, string][][] = [];
  for (const setting of ALL_UNNOTICED) {
    const group = found.find((one) => one.every(([name]) => name !== setting[0]));
    if (group) group.push(setting);
    else found.push([setting]);
  }
  return found;
}

function combinations(count: number): [string, string][][] {
  return Array.from({ length: count }, (_, nth) => {
    // A digest is as good as a die, and the same for the same seed.
    const drawn = (ALL ? ALL_UNNOTICED : UNNOTICED).filter(
      (setting) => (createHash('sha256').update(`${SEED} ${nth} ${setting}`).digest()[0] ?? 0) < 64,
    );
    return drawn.filter(([name], at) => drawn.findIndex(([other]) => other === name) === at);
  });
}

describe('what a role sets for itself changes nothing of what is published', () => {
  it('there are at least 60 settings, of which no two say the same', () => {
    const distinct = new Set([...ALL_UNNOTICED, ...REFUSED].map(([name, value]) => `${name} ${value}`));
    expect(distinct.size).toBe(ALL_UNNOTICED.length + REFUSED.length);
    expect(new Set([...ALL_UNNOTICED, ...REFUSED].map(([name]) => name)).size).toBeGreaterThanOrEqual(60);
    expect(Object.values(expected).filter((digest) => !digest.startsWith('0 ')).length).toBeGreaterThan(20);
  });

  const alone = ALL ? ALL_UNNOTICED.map((setting) => [setting]) : groups();
  it.each(alone.map((settings) => ({ settings, title: told(settings) })))('$title', async ({ settings }) => {
    expect(await withSettings(settings, staged)).toEqual(expected);
  });

  it.each(combinations(ALL ? 20 : 1).map((settings, at) => ({ at, settings })))(
    `combination $at of seed ${SEED}`,
    async ({ settings }) => {
      expect(await withSettings(settings, staged), told(settings)).toEqual(expected);
    },
  );

  it("nor do settings of the portal's reader", async () => {
    const { username, pathname } = new URL(rooms.databases.portalReaderUrl);
    const reader = `role "${username}" in database "${pathname.slice(1)}"`;
    expect(await withSettings(OF_THE_READER, staged, reader)).toEqual(expected);
  });

  it.each(REFUSED)('%s = %s is refused by name, before anything is done', async (name, value, reason) => {
    const before = await digests();
    const error = await withSettings([[name, value]], () => staged().catch((fault: unknown) => fault));
    expect(String(error)).toMatch(reason);
    expect(error instanceof ReleaseError ? error.type : sqlstateOf(error)).toMatch(/^(ConfigurationError|25006)$/);
    expect(await digests()).toEqual(before);
  });
});
