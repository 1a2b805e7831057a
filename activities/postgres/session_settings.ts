import type pg from 'pg';
import { ReleaseError, SQLSTATE, sqlstateOf } from './errors.ts';
import { literal } from './identifiers.ts';

/** Settings of a session or transaction: `{ work_mem: '256MB', jit: 'off' }`. */
export type Settings = Record<string, string>;

/**
 * A role and a database may have settings of their own (ALTER ROLE … SET, ALTER DATABASE … SET, postgresql.conf). These are the
 * ones that change what a statement means, or whether it may run; every session of ours has them as they stand here. One that
 * only a superuser may set is touched where it differs only: PostgreSQL then refuses, and the refusal names it.
 *
 * What is not here on purpose: what costs speed or memory only (enable_*, work_mem, jit, vacuum_cost_*); where files lie
 * (default_tablespace, temp_tablespaces); who we are (role); how text is searched (default_text_search_config, which belongs to
 * what people build on the tables); limits of the server's own (temp_file_limit, max_stack_depth); and
 * default_transaction_read_only, which says that nothing may be written, and is heard (`requireWritable`).
 *
 * The values are written as PostgreSQL shows them, so that a session that has them already is not changed.
 */
export const PINNED: Settings = {
  // What a statement reads, and what its text means.
  search_path: 'public',
  row_security: 'off', // refuse rather than filter: a release reads whole tables
  standard_conforming_strings: 'on',
  backslash_quote: 'safe_encoding',
  transform_null_equals: 'off',
  array_nulls: 'on',
  quote_all_identifiers: 'off', // texts of two generations are compared
  gin_fuzzy_search_limit: '0', // otherwise an index answers a part of the rows, by chance
  synchronize_seqscans: 'off', // otherwise the order of rows depends on who else reads
  restrict_nonsystem_relation_kind: '', // 15.8 and newer: no foreign tables, no views
  session_replication_role: 'origin', // otherwise neither triggers nor foreign keys
  zero_damaged_pages: 'off', // otherwise a broken page is read as an empty one
  ignore_checksum_failure: 'off',
  // How a value becomes text, and text a value.
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  timezone_abbreviations: 'Default',
  extra_float_digits: '1', // coordinates are published as text
  bytea_output: 'hex',
  xmlbinary: 'base64',
  xmloption: 'content',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  // What a new table or function is.
  default_table_access_method: 'heap',
  check_function_bodies: 'on',
  // Whether a statement may run, how long, and what its transaction sees. The swap sets limits of its own.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0', // the keeper is idle for hours
  transaction_timeout: '0', // 17 and newer
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // What nobody here reads.
  client_min_messages: 'warning',
};

/**
 * Gives a session the pinned settings. A name that this version of PostgreSQL does not know is left out. A COMMIT that is not on
 * the disk is none: what was said to be live must be so after a crash.
 */
const PIN = [
  // A limit of the role's counts from the first statement on.
  'set statement_timeout = 0',
  `select pg_catalog.set_config(name, value, false)
   from (values ${Object.entries(PINNED)
     .map(([name, value]) => `(${literal(name)}, ${literal(value)})`)
     .join(', ')}) pinned (name, value)
   where current_setting(name, true) <> value`,
  `select pg_catalog.set_config('synchronous_commit', 'local', false) where current_setting('synchronous_commit') = 'off'`,
].join(';\n');

/**
 * Gives a session the settings of ours, and `settings` above them.
 *
 * @throws ReleaseError ConfigurationError for a setting that the role may not put right
 */
export async function settle(session: pg.ClientBase, settings: Settings): Promise<void> {
  try {
    await session.query(`${PIN};\n${toSet('set', settings)}`);
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.insufficientPrivilege) throw error;
    const message = `${(error as Error).message}, and it stands at a value with which data would be lost or misread; nothing was done. Take it away where it is set (select * from pg_db_role_setting; alter role … reset …; alter database … reset …), or grant set on parameter … to the release's role`;
    throw new ReleaseError('ConfigurationError', message, {}, { cause: error });
  }
}

/** @throws ReleaseError ConfigurationError where nothing may be written: a standby, or default_transaction_read_only */
export async function requireWritable(session: pg.ClientBase): Promise<void> {
  const { rows } = await session.query<{ read_only: string; standby: boolean }>(
    `select current_setting('transaction_read_only') as read_only, pg_is_in_recovery() as standby`,
  );
  if (rows[0]?.read_only !== 'on') return;
  const why = rows[0].standby
    ? 'it is a standby: PP_DATABASE_URL has to name the primary'
    : 'default_transaction_read_only is on for this role or database; switch it off (alter role … reset default_transaction_read_only)';
  throw new ReleaseError('ConfigurationError', `nothing may be written to the live database: ${why}`);
}

export function toSet(verb: 'set' | 'set local', settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${verb} ${name} = ${literal(value)}`)
    .join('; ');
}
