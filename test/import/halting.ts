import type pg from 'pg';
import { createPool, Database, type Session, type Settings } from '../../activities/postgres/database.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { runImporter } from '../../activities/staging/importer.ts';
import type { Importer } from '../../catalog/index.ts';
import { eventually } from '../support/eventually.ts';
import type { Rooms } from '../support/rooms.ts';

/** The session that stands still in the middle of an importer. */
interface Halted {
  pid: number;
  client: Session;
}

/** A database whose importer stands still after the nth of its statements, steps counted through. */
class HaltingDatabase extends Database {
  readonly #nth: number;
  #seen = 0;
  #stepIsNext = false;
  halted: Halted | undefined;

  constructor(pool: pg.Pool, nth: number) {
    super(pool, { applicationName: 'halting importer' });
    this.#nth = nth;
  }

  /** The importer is about to send a step. */
  readonly onStep = (): void => {
    this.#stepIsNext = true;
  };

  override transaction<T>(work: (session: Session) => Promise<T>, settings?: Settings): Promise<T> {
    return super.transaction((session) => work(this.#watched(session)), settings);
  }

  #watched(session: Session): Session {
    const query = (sql: string, values?: unknown[]) => session.query(this.#withHalt(session, sql), values);
    return new Proxy(session, {
      get: (target, name) => (name === 'query' ? query : Reflect.get(target, name, target)),
    });
  }

  #withHalt(client: Session, sql: string): string {
    if (!this.#stepIsNext) return sql;
    this.#stepIsNext = false;
    const statements = statementsOf(sql);
    const place = this.#nth - this.#seen;
    this.#seen += statements.length;
    if (place < 1 || place > statements.length) return sql;
    this.halted = { pid: (client as unknown as { processID: number }).processID, client };
    return statements.toSpliced(place, 0, 'select pg_sleep(600)').join(';\n');
  }
}

function statementsOf(sql: string): string[] {
  if (sql.includes('$$')) return [sql];
  const code = sql.replaceAll(/--.*$/gm, '');
  return code.split(/;\s*(?:\n|$)/).filter((statement) => statement.trim() !== '');
}

/**
 * Runs an importer up to its nth statement and ends it there.
 *
 * @returns what it failed with, or undefined if it has no nth statement, and so has finished
 */
export async function interrupted(
  rooms: Rooms,
  release: ReleaseRef,
  importer: Importer,
  nth: number,
  end: (halted: Halted) => Promise<unknown> | unknown,
): Promise<unknown> {
  // Two: one that imports, one that watches how the tables grow.
  const pool = createPool(rooms.databases.databaseUrl, 2);
  try {
    const db = new HaltingDatabase(pool, nth);
    let outcome: { error: unknown } | undefined;
    const run = runImporter(db, release, importer, { csvDir: rooms.csvDir, onStep: db.onStep }).then(
      () => {
        outcome = { error: undefined };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    await eventually('the importer stands still', async () => outcome !== undefined || sleeps(rooms, db.halted));
    if (!outcome && db.halted) await end(db.halted);
    await run;
    return outcome?.error;
  } finally {
    await pool.end();
  }
}

async function sleeps(rooms: Rooms, halted: Halted | undefined): Promise<boolean> {
  if (!halted) return false;
  const rows = await rooms.rows(`select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'`, [halted.pid]);
  return rows.length > 0;
}
