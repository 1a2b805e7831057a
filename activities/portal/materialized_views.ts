import { readFile } from 'node:fs/promises';
import { type ReleasedView, VIEWS_DIR, type ViewIndex, views } from '../../catalog/index.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ident, STAGING_PREFIX, stagingName } from '../postgres/identifiers.ts';
import { dropTwins } from '../staging/twins.ts';

/**
 * Joins over foreign tables are estimated badly (one row, so nested loops follow: the PAME view took 427 s instead of 1),
 * so hash joins are asked for outright.
 */
const FDW_SETTINGS: Settings = {
  enable_nestloop: 'off',
  enable_mergejoin: 'off',
  work_mem: '256MB',
  jit: 'off',
};

export type ViewCounts = Record<string, number>;

/**
 * Fills all staging views in one transaction, and so from one snapshot of the portal. Their unique indexes come after
 * preflight's checks (`indexStagingViews`), so that duplicates are reported there and not as a failed index.
 *
 * @returns rows by live view name
 */
export async function createStagingViews(db: Database, onView: (name: string) => void): Promise<ViewCounts> {
  return db.transaction(async (session) => {
    await dropTwins(session, STAGING_PREFIX);
    await dropStagingViews(session);
    const counts: ViewCounts = {};
    for (const view of views) {
      onView(view.name);
      counts[view.name] = await fillView(session, view);
    }
    return counts;
  }, FDW_SETTINGS);
}

async function fillView(session: Session, view: ReleasedView): Promise<number> {
  const select = await readFile(`${VIEWS_DIR}${view.name}.sql`, 'utf8');
  const name = ident(stagingName(view.name));
  const { rowCount } = await session.query(`create materialized view ${name} as\n${select}`);
  await session.query(`analyze ${name}`);
  return rowCount ?? 0;
}

/** Drops the staging views, dependents first. RESTRICT: what somebody built on them is named, not dropped. */
export async function dropStagingViews(session: Session): Promise<void> {
  const names = views.map((view) => ident(stagingName(view.name)));
  await session.query(`drop materialized view if exists ${names.join(', ')}`);
}

/** Adds the indexes that are missing. */
export async function indexStagingViews(db: Database): Promise<void> {
  for (const view of views) {
    await db.transaction(async (session) => {
      for (const index of view.indexes) await session.query(createIndex(view, index));
    });
  }
}

function createIndex(view: ReleasedView, index: ViewIndex): string {
  return [
    'create',
    index.unique ? 'unique' : '',
    `index if not exists ${ident(stagingName(index.name))} on ${ident(stagingName(view.name))}`,
    index.using ? `using ${index.using}` : '',
    `(${index.columns.map(ident).join(', ')})`,
  ].join(' ');
}
