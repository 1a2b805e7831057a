import { tables, views } from '../../catalog/index.ts';
import { STAGING } from '../generation/names.ts';
import { requireNoObstacles } from '../generation/obstacles.ts';
import { dropMade, record } from '../generation/record.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { existing } from '../postgres/introspection.ts';
import { rememberRows } from './from_live.ts';
import { rememberWrites } from './live_writes.ts';
import { copyLive, makingTwin } from './twin.ts';

export interface BuildOptions {
  releaseId: number;
  lightweight: boolean;
  /** The swap may change columns that readers see. */
  acceptShape?: boolean | undefined;
  /** Tables that an importer of this release fills; every other one goes on with the rows of live. */
  imported: ReadonlySet<string>;
}

const VIEWS: ReadonlySet<string> = new Set(views.map(({ name }) => name));

/** Drops all of staging but the catalog's views. RESTRICT: what others built on it is named, not dropped. */
export async function dropStagingTables(session: Session): Promise<void> {
  await dropMade(session, STAGING, ({ liveName }) => !VIEWS.has(liveName));
  await session.query('delete from pp_release.staging');
}

/**
 * Makes the staging tables anew, in one transaction: columns, defaults, checks and comments as in live, a sequence of
 * their own, no indexes or keys yet (they come after the load). Lookups and tables that nobody imports get live's rows.
 *
 * @returns rows copied from live, by table
 */
export async function buildStaging(db: Database, options: BuildOptions): Promise<Record<string, number>> {
  return db.transaction(async (session) => {
    await requireLive(session);
    await requireNoObstacles(session);
    await dropStagingTables(session);
    const carriedOver = tables.filter(({ name }) => !options.imported.has(name)).map(({ name }) => name);
    const copied: Record<string, number> = {};
    for (const { name } of tables) {
      for (const statement of await makingTwin(session, name, STAGING)) await session.query(statement);
      // A publication of all tables lets no row be changed that it cannot name. Live's own identity comes with the keys.
      await session.query(`alter table ${ident(stagingName(name))} replica identity full`);
    }
    await session.query(
      `insert into pp_release.staging (release_id, built_at, lightweight, carried_over, accepts_shape)
       values ($1, clock_timestamp(), $2, $3, $4)`,
      [options.releaseId, options.lightweight, carriedOver, options.acceptShape ?? false],
    );
    for (const of of ['import_marks', 'filled']) {
      await session.query(`delete from pp_release.${of} where release_id = $1`, [options.releaseId]);
    }
    await rememberRows(session);
    await rememberWrites(session);
    for (const table of tables) {
      if (table.kind === 'lookup' || carriedOver.includes(table.name)) {
        copied[table.name] = await copyLive(session, table);
      }
    }
    await record(
      session,
      STAGING,
      tables.map(({ name }) => name),
    );
    return copied;
  });
}

async function requireLive(session: Session): Promise<void> {
  const found = await existing(
    session,
    tables.map((table) => table.name),
  );
  const missing = tables.filter((table) => found.get(table.name) !== 'r').map((table) => table.name);
  if (missing.length === 0) return;
  const message = `live tables missing: ${missing.join(', ')}; run pp-release migrate, or restore them`;
  throw new ReleaseError('StagingUnfit', message, { missing });
}
