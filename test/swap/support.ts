import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { withClient } from '../../local/stack/postgres/server.ts';
import type { Rooms } from '../support/rooms.ts';

const run = promisify(execFile);

/** Schema of everything but staging and backups, as pg_dump writes it, one statement or comment line an entry. */
export async function schemaDump(rooms: Rooms): Promise<string[]> {
  const { stdout } = await run(
    'pg_dump',
    ['--schema-only', '--no-password', '-n', 'public', '-T', 'staging_*', '-T', 'bk*', rooms.databases.superuserUrl],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  // The key of \restrict differs from dump to dump.
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('--') && !/^\\(un)?restrict/.test(line));
}

/** One of every kind of object that can hang on a live relation. */
export async function addEveryKind(rooms: Rooms): Promise<void> {
  const sql = await readFile(new URL('./every_kind.sql', import.meta.url), 'utf8');
  await withClient(rooms.databases.superuserUrl, (client) => client.query(`set client_min_messages = warning; ${sql}`));
}

/** Everything that must be as before when a change did not happen: names, OIDs, releases, what staging and backups hold. */
export async function wholeState(rooms: Rooms): Promise<string> {
  const [row] = await rooms.rows<{ state: string }>(
    `select json_build_object(
       'relations', (select json_agg(json_build_array(relname, relkind, oid, relacl::text) order by relname)
                     from pg_class where relnamespace = 'public'::regnamespace),
       'views', (select json_agg(json_build_array(viewname, definition) order by viewname) from pg_views where schemaname = 'public'),
       'constraints', (select json_agg(json_build_array(conname, conrelid, confrelid, convalidated) order by oid) from pg_constraint
                       where connamespace = 'public'::regnamespace),
       'functions', (select json_agg(json_build_array(proname, oid, pg_get_function_result(oid)) order by oid) from pg_proc
                     where pronamespace = 'public'::regnamespace and proname in ('site_name', 'oldest_sites')),
       'publications', (select json_agg(json_build_array(prpubid, prrelid) order by oid) from pg_publication_rel),
       'releases', (select json_agg(json_build_array(id, state, is_current, backup_timestamp) order by id) from releases),
       'staging', (select json_agg(s.release_id) from pp_release.staging s),
       'names', (select count(*) from pp_release.backup_names))::text as state`,
  );
  return row?.state ?? '';
}

/** Locks on relations of schema public that somebody else still holds. */
export async function locksLeft(rooms: Rooms): Promise<string[]> {
  const rows = await rooms.rows<{ lock: string }>(
    `select format('%s %s by %s', relation::regclass, mode, pid) as lock from pg_locks
     where locktype = 'relation' and pid <> pg_backend_pid() and mode = 'AccessExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows.map(({ lock }) => lock);
}
