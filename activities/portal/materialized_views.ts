import { readFile } from 'node:fs/promises';
import { type ReleasedView, unusableValues, VIEWS_DIR, type ViewIndex, views } from '../../catalog/index.ts';
import { STAGING } from '../generation/names.ts';
import { requireNoObstacles } from '../generation/obstacles.ts';
import { dropMade, record } from '../generation/record.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { insertableColumns } from '../postgres/introspection.ts';
import { type Job, sideBySide } from '../postgres/side_by_side.ts';
import { explainOutOfRange } from './out_of_range.ts';

/**
 * Joins over foreign tables are estimated badly (one row, so nested loops follow: the PAME view took 427 s instead of 1),
 * so hash joins are asked for outright.
 */
const FDW_SETTINGS: Settings = {
  enable_nestloop: 'off',
  enable_mergejoin: 'off',
  enable_hashjoin: 'on',
  work_mem: '256MB',
  // The attributes of a million rows; a hash that does not fit writes the geometry to disk and reads it again.
  hash_mem_multiplier: '4',
  jit: 'off',
  // With remote estimates each order of joins that the planner looks at costs a question to the portal: 2.5 s for the views of
  // a hundred sites. The views name their joins in a good order.
  join_collapse_limit: '1',
  from_collapse_limit: '1',
};

export type ViewCounts = Record<string, number>;

/**
 * Fills all staging views in one transaction, and so from one snapshot of the portal. Their unique indexes come after
 * preflight's checks (`indexStagingViews`), so that duplicates are reported there and not as a failed index.
 *
 * @returns rows by live view name
 * @throws ReleaseError PreflightFailed for a number of the portal that no column can hold
 */
export async function createStagingViews(
  db: Database,
  onView: (name: string) => void,
  inSameTransaction: (session: Session) => Promise<void> = async () => undefined,
): Promise<ViewCounts> {
  let filling: ReleasedView | undefined;
  const fillAll = async (session: Session) => {
    await inSameTransaction(session);
    await requireNoObstacles(session);
    await dropStagingViews(session);
    const counts: ViewCounts = {};
    for (const view of views) {
      filling = view;
      onView(view.name);
      counts[view.name] = await fillView(session, view);
    }
    await record(
      session,
      STAGING,
      views.map(({ name }) => name),
    );
    await session.query('delete from pp_release.unusable_values');
    await session.query(`insert into pp_release.unusable_values ${await readSelect(unusableValues)}`);
    return counts;
  };
  try {
    return await db.transaction(fillAll, FDW_SETTINGS);
  } catch (error) {
    throw filling ? await explainOutOfRange(db, filling.name, await readSelect(filling.name), error) : error;
  }
}

function readSelect(name: string): Promise<string> {
  return readFile(`${VIEWS_DIR}${name}.sql`, 'utf8');
}

async function fillView(session: Session, view: ReleasedView): Promise<number> {
  const select = await readSelect(view.name);
  const name = ident(stagingName(view.name));
  const { rowCount } = await session.query(`create materialized view ${name} as\n${select}`);
  await analyzeView(session, view);
  return rowCount ?? 0;
}

/**
 * Of the geometry the release's plans need the width only, and to take its statistics in full means to fetch 30,000
 * shapes; 3,000 say as much. Those that readers need are taken before the swap.
 */
async function analyzeView(session: Session, { name, geometry }: ReleasedView): Promise<void> {
  const view = ident(stagingName(name));
  if (!geometry) {
    await session.query(`analyze ${view}`);
    return;
  }
  const columns = (await insertableColumns(session, stagingName(name))).filter((column) => column !== geometry.column);
  await session.query(`analyze ${view} (${columns.map(ident).join(', ')})`);
  await session.query('set local default_statistics_target = 10');
  await session.query(`analyze ${view} (${ident(geometry.column)})`);
  await session.query('set local default_statistics_target = default');
}

/** Drops the materialized views of staging, and twins of other ones. RESTRICT: what others built on them is named. */
export async function dropStagingViews(session: Session): Promise<void> {
  await dropMade(session, STAGING, ({ kind }) => kind === 'm');
}

/**
 * Adds the indexes that are missing, side by side: those that only help (`unique` false) may be built while preflight still
 * looks at the rows, those that a duplicate would break come after it.
 */
export async function indexStagingViews(db: Database, which: { unique?: boolean } = {}): Promise<void> {
  const wanted = views
    .flatMap((view) => view.indexes.map((index) => ({ view, index })))
    .filter(({ index }) => which.unique === undefined || which.unique === (index.unique ?? false));
  const jobs = wanted.map(({ view, index }): Job => {
    return async (session) => {
      await session.query(createIndex(view, index));
    };
  });
  await sideBySide(db, jobs, { maintenance_work_mem: '256MB' });
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
