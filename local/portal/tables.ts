import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { StackError } from '../stack/errors.ts';

const LOCK_TRIES = 600;

/** All tables of the portal proper, quoted, in the order of their names. */
export async function portalTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('wdpa', 'reference', 'pame') ORDER BY 1`,
  );
  return rows.map((row) => row.name);
}

/**
 * Takes every table at once, inside the caller's transaction. A reader may hold one and want the next, so the seeding
 * is the one to step back: it waits for less than deadlock_timeout, and its savepoint gives back what it got.
 */
export async function lockPortal(client: Client): Promise<void> {
  const tables = [...(await portalTables(client)), 'demo.seeding'].join(', ');
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    await client.query(`SAVEPOINT locks; SET LOCAL lock_timeout = '500ms'`);
    try {
      await client.query(`LOCK TABLE ${tables} IN ACCESS EXCLUSIVE MODE`);
      await client.query('SET LOCAL lock_timeout = 0');
      return;
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT locks; RELEASE SAVEPOINT locks');
      // Uneven, so that a reader that comes again and again at one rhythm is not met every time.
      await delay(250 + (tries % 7) * 50);
    }
  }
  throw new StackError(
    'The portal could not be filled.',
    'readers have held its tables for minutes',
    'let the running release finish or abort it, then seed again',
  );
}

// lock_not_available, deadlock_detected
const isLockFailure = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01');
