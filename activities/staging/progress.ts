import { type Importer, tables } from '../../catalog/index.ts';
import type { Amount } from '../../contracts/index.ts';
import type { Database } from '../postgres/database.ts';
import { SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { stagingName } from '../postgres/identifiers.ts';

const EVERY_MS = 1_000;

/**
 * Watches from a second connection how the importer's tables grow on disk, because the rows of a running statement cannot be
 * counted from outside, and tells `onAmount`, until the answer is called.
 * What is expected is the size of live, or of the views that are read where live is empty.
 */
export function watchGrowth(db: Database, importer: Importer, onAmount: (amount: Amount) => void): () => Promise<void> {
  // Lookups are emptied and filled again under a lock, and are small.
  const filled = tables
    .filter(({ name, kind }) => importer.fills.includes(name) && kind !== 'lookup')
    .map(({ name }) => name);
  if (filled.length === 0) return async () => undefined;
  let stopped = false;
  let wake: () => void = () => undefined;
  const watching = db.session(async (session) => {
    await session.query(`set lock_timeout = '20ms'`);
    while (!stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, EVERY_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (stopped) return;
      try {
        const { rows } = await session.query<{ done: string; live: string; views: string }>(
          `select (select sum(pg_table_size(to_regclass(name))) from unnest($1::text[]) name) as done,
                  (select sum(pg_table_size(to_regclass(name))) from unnest($2::text[]) name) as live,
                  (select coalesce(sum(pg_table_size(to_regclass(name))), 0) from unnest($3::text[]) name) as views`,
          [filled.map(stagingName), filled, importer.reads.map(stagingName)],
        );
        const [row] = rows;
        if (row) onAmount({ done: Number(row.done), expected: expected(row), unit: 'bytes' });
      } catch (error) {
        // The importer empties its tables under a lock: it is told again at the next look.
        if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
      }
    }
  });
  // Left out on purpose: the importer's own connection reports what is wrong with the server, and a look at the progress that
  // fails must not end an import that goes on.
  const quiet = watching.catch(() => undefined);
  return async () => {
    stopped = true;
    wake();
    await quiet;
  };
}

/** An empty table has some pages as well. */
const EMPTY_TABLES_BYTES = 1_000_000;

function expected({ live, views }: { live: string; views: string }): number | undefined {
  if (Number(live) > EMPTY_TABLES_BYTES) return Number(live);
  return Number(views) || undefined;
}
