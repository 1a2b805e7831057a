import { readFile } from 'node:fs/promises';
import { type ReleasedView, unusableValues, VIEWS_DIR, type ViewIndex, views } from '../../catalog/index.ts';
import { STAGING } from '../generation/names.ts';
import { requireNoObstacles } from '../generation/obstacles.ts';
import { dropMade, record } from '../generation/record.ts';
import { inShapeOfLive, type Shaped } from '../generation/shape_of_live.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, someOf, sqlstateOf } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { insertableColumns } from '../postgres/introspection.ts';
import { type Job, sideBySide } from '../postgres/side_by_side.ts';
import { explainMisfits, requireNothingCut } from './does_not_fit.ts';
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

export interface ViewOptions {
  onView?: (name: string) => void;
  /** Runs first. */
  inSameTransaction?: (session: Session) => Promise<void>;
  /** The release's own columns, order and types, whatever live has. */
  acceptShape?: boolean | undefined;
}

/** A view that is being filled. */
interface Filling extends Shaped {
  view: ReleasedView;
  /** The release's own SELECT. */
  own: string;
}

/**
 * Fills all staging views in one transaction, and so from one snapshot of the portal. Each has the shape of its twin in live. Their
 * unique indexes come after preflight's checks (`indexStagingViews`), so that duplicates are reported there and not as a failed
 * index.
 *
 * @returns rows by live view name
 * @throws ReleaseError PreflightFailed for a value of the portal that no column can hold, and for columns of live that the release
 *   cannot make
 */
export async function createStagingViews(db: Database, options: ViewOptions = {}): Promise<ViewCounts> {
  const { onView, inSameTransaction, acceptShape } = options;
  let filling: Filling | undefined;
  const fillAll = async (session: Session) => {
    await inSameTransaction?.(session);
    await requireNoObstacles(session);
    await dropStagingViews(session);
    const counts: ViewCounts = {};
    for (const view of views) {
      filling = await shape(session, view, acceptShape);
      onView?.(view.name);
      counts[view.name] = await fillView(session, filling);
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
    throw filling ? await explainOutOfRange(db, filling.view.name, filling.own, error) : error;
  }
}

/**
 * Asks whether each view can take live's shape, before any of them is made: what it reads of staging has live's shape, too.
 * Without live's views, or without the foreign tables, there is nothing to compare.
 *
 * @returns a sentence for each column of live that a view cannot make
 */
export async function viewsInShapeOfLive(session: Session): Promise<string[]> {
  const faults: string[] = [];
  for (const { name } of views) {
    const own = await readSelect(name);
    const described = views.reduce((text, other) => text.replaceAll(stagingName(other.name), other.name), own);
    try {
      faults.push(...(await inShapeOfLive(session, name, own, described)).faults);
    } catch (error) {
      if (!NOTHING_TO_COMPARE.has(sqlstateOf(error) ?? '')) throw error;
    }
  }
  return faults;
}

/** A column that live lacks and staging will have comes to light here, too. */
const NOTHING_TO_COMPARE: ReadonlySet<string> = new Set([
  SQLSTATE.undefinedTable,
  SQLSTATE.undefinedSchema,
  SQLSTATE.undefinedColumn,
]);

async function shape(session: Session, view: ReleasedView, acceptShape: boolean | undefined): Promise<Filling> {
  const own = await readSelect(view.name);
  const shaped = acceptShape
    ? { select: own, narrowings: [], faults: [] }
    : await inShapeOfLive(session, view.name, own);
  if (shaped.faults.length === 0) return { ...shaped, view, own };
  const advice = 'change the view in live, with its readers';
  throw new ReleaseError('PreflightFailed', `${someOf(shaped.faults)}; ${advice}`, { faults: shaped.faults });
}

function readSelect(name: string): Promise<string> {
  return readFile(`${VIEWS_DIR}${name}.sql`, 'utf8');
}

async function fillView(session: Session, filling: Filling): Promise<number> {
  const { view, own, select, narrowings } = filling;
  const create = `create materialized view ${ident(stagingName(view.name))} as\n${select}`;
  const { rowCount } =
    narrowings.length === 0 ? await session.query(create) : await createOrExplain(session, filling, create);
  await requireNothingCut(session, view, own, narrowings);
  await analyzeView(session, view);
  return rowCount ?? 0;
}

/** The views that were filled before are needed to find the rows, so the transaction has to go on after the error. */
async function createOrExplain(session: Session, { view, own, narrowings }: Filling, create: string) {
  await session.query('savepoint filling');
  try {
    return await session.query(create);
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.outOfRange) throw error;
    await session.query('rollback to savepoint filling');
    // Finds nothing, or fails itself, where the release's own columns cannot hold the number either.
    throw (await explainMisfits(session, view, own, narrowings)) ?? error;
  }
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

/**
 * Drops the materialized views of staging, twins of other ones, and the downloads view that a rollback of the old system leaves over
 * them. RESTRICT: what others built on them is named.
 */
export async function dropStagingViews(session: Session): Promise<void> {
  await dropMade(session, STAGING, ({ kind }) => kind !== 'r');
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
