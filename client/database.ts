import pg from 'pg';
import { createPool, Database } from '../activities/postgres/database.ts';
import { sqlstateOf } from '../activities/postgres/errors.ts';
import { CommandError, EXIT } from './errors.ts';

/** Runs `work` with the live database. @throws CommandError when it does not answer, refuses, or is not migrated */
export async function withDatabase<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const pool = createPool(url, 2);
  try {
    return await work(new Database(pool, { applicationName: 'pp-release command' }));
  } catch (error) {
    throw databaseTrouble(url, error);
  } finally {
    await pool.end();
  }
}

function databaseTrouble(url: string, error: unknown): unknown {
  const { host, pathname } = new URL(url);
  const where = `the database ${decodeURIComponent(pathname.slice(1))} at ${host}`;
  const sqlstate = sqlstateOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const say = (text: string) => new CommandError(EXIT.failed, text, { sqlstate }, { cause: error });
  if (sqlstate?.startsWith('28'))
    return say(`${where} refuses the login (${message}); mend the user or password in PP_DATABASE_URL`);
  if (sqlstate === '3D000') return say(`${where} does not exist; create it, or mend PP_DATABASE_URL`);
  if (sqlstate === '42P01' || sqlstate === '3F000')
    return say(`${where} lacks the release tables (${message}); run pp-release migrate`);
  const { code } = error as { code?: string };
  if (!(error instanceof pg.DatabaseError) && code && /^E[A-Z]+$/.test(code)) {
    return say(`${where} does not answer (${code}); start the stack with npm run stack -- up, or mend PP_DATABASE_URL`);
  }
  return error;
}
