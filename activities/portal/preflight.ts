import { type ReleasedView, views } from '../../catalog/index.ts';
import { STAGING } from '../generation/names.ts';
import { requireNoObstacles } from '../generation/obstacles.ts';
import { madeOf } from '../generation/record.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { existing } from '../postgres/introspection.ts';
import type { ViewCounts } from './materialized_views.ts';

/** How many keys an error names: enough to look at, few enough to read. */
const SAMPLE_KEYS = 5;

export interface PreflightOptions {
  /** Views that may be empty although live has rows. */
  allowEmpty: readonly string[];
  /** The views may have other columns than live. */
  acceptShape?: boolean | undefined;
}

/**
 * The four checks of the specification on the staging views: they exist, there is something to publish, geometry is valid
 * and in the right reference system, no key comes twice. All faults are reported together, with counts and sample keys.
 *
 * @returns rows by live view name
 * @throws ReleaseError PreflightFailed
 */
export async function preflight(db: Database, options: PreflightOptions): Promise<ViewCounts> {
  return db.session(async (session) => {
    await requireViews(session);
    await requireNoObstacles(session);
    const counts = await countRows(session);
    const faults = [
      ...(await emptyViews(session, counts, options.allowEmpty)),
      ...(await Promise.all(views.map((view) => geometryFault(session, view)))),
      ...(await Promise.all(views.map((view) => keyFault(session, view)))),
      ...(await Promise.all(views.map((view) => duplicateFault(session, view)))),
    ].filter((fault) => fault !== undefined);
    if (faults.length > 0) {
      throw new ReleaseError('PreflightFailed', `preflight found ${faults.map((fault) => fault.message).join('; ')}`, {
        faults,
        counts,
      });
    }
    return counts;
  });
}

interface Fault {
  check: 'missing' | 'empty' | 'geometry' | 'key' | 'duplicates';
  view: string;
  rows: number;
  message: string;
  sampleKeys?: string[];
}

async function requireViews(session: Session): Promise<void> {
  const wanted = views.map((view) => stagingName(view.name));
  const found = new Set((await madeOf(session, STAGING)).map(({ name }) => name));
  const missing = wanted.filter((name) => !found.has(name));
  if (missing.length === 0) return;
  const advice =
    'run the release from create_staging_materialized_views (PP_RELEASE_CREATE_STAGING_MATERIALIZED_VIEWS=true)';
  throw new ReleaseError('PreflightFailed', `views missing: ${missing.join(', ')}; ${advice}`, { missing });
}

async function countRows(session: Session): Promise<ViewCounts> {
  const counts: ViewCounts = {};
  for (const view of views) {
    const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${ident(stagingName(view.name))}`);
    counts[view.name] = Number(rows[0]?.n);
  }
  return counts;
}

/** All main views empty is never right; one of them empty although live has rows is right only when somebody says so. */
async function emptyViews(session: Session, counts: ViewCounts, allowed: readonly string[]): Promise<Fault[]> {
  const main = views.filter((view) => view.mainGroup);
  const empty = main.filter((view) => counts[view.name] === 0);
  if (empty.length === main.length) {
    const names = main.map((view) => stagingName(view.name)).join(' and ');
    const message = `empty source views: ${names} have no rows, so there is nothing to publish; look at the portal`;
    return [{ check: 'empty', view: names, rows: 0, message }];
  }
  const faults: Fault[] = [];
  const live = await existing(
    session,
    empty.map((view) => view.name),
  );
  for (const { name } of empty) {
    if (!live.has(name) || allowed.includes(name)) continue;
    const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${ident(name)}`);
    const n = Number(rows[0]?.n);
    const message = `empty source view ${stagingName(name)} although live ${name} has ${n} rows; allow it by name with --allow-empty ${name} if it is meant`;
    if (n > 0) faults.push({ check: 'empty', view: name, rows: n, message });
  }
  return faults;
}

async function geometryFault(session: Session, view: ReleasedView): Promise<Fault | undefined> {
  if (!view.geometry) return undefined;
  const column = ident(view.geometry.column);
  const key = keyText(view);
  const { rows } = await session.query<{ wrong_srid: string; invalid: string; keys: string[] | null }>(
    `select count(*) filter (where srid <> $1) as wrong_srid, count(*) filter (where not valid) as invalid,
            (array_agg(distinct key order by key))[1:${SAMPLE_KEYS}] as keys
     from (select ${key} as key, st_srid(${column}) as srid, st_isvalid(${column}) as valid
           from ${ident(stagingName(view.name))} where ${column} is not null) shapes
     where srid <> $1 or not valid`,
    [view.geometry.srid],
  );
  const wrongSrid = Number(rows[0]?.wrong_srid);
  const invalid = Number(rows[0]?.invalid);
  if (wrongSrid + invalid === 0) return undefined;
  const sampleKeys = rows[0]?.keys ?? [];
  const message = `geometry of ${stagingName(view.name)}: ${wrongSrid} rows with an SRID other than ${view.geometry.srid}, ${invalid} rows with an invalid geometry (${sampleKeys.join(', ')}${wrongSrid + invalid > sampleKeys.length ? ', …' : ''}); mend them in the portal`;
  return { check: 'geometry', view: view.name, rows: wrongSrid + invalid, message, sampleKeys };
}

/** A row without its whole key joins to nothing: it would be published without geometry and countries. */
async function keyFault(session: Session, view: ReleasedView): Promise<Fault | undefined> {
  if (!view.key) return undefined;
  const { rows } = await session.query<{ n: string; sample: string[] | null }>(
    `select count(*) as n, (array_agg(distinct ${keyText(view)}))[1:${SAMPLE_KEYS}] as sample
     from ${ident(stagingName(view.name))} where num_nulls(${view.key.map(ident).join(', ')}) > 0`,
  );
  const n = Number(rows[0]?.n);
  if (n === 0) return undefined;
  const sampleKeys = rows[0]?.sample ?? [];
  const message = `rows without a key in ${stagingName(view.name)}: ${n} rows have no ${view.key.join(' or no ')} (${sampleKeys.join(', ')}); mend them in the portal`;
  return { check: 'key', view: view.name, rows: n, message, sampleKeys };
}

async function duplicateFault(session: Session, view: ReleasedView): Promise<Fault | undefined> {
  if (!view.key) return undefined;
  const columns = view.key.map(ident).join(', ');
  const { rows } = await session.query<{ keys: string; extra: string; sample: string[] | null }>(
    `select count(*) as keys, coalesce(sum(n - 1), 0) as extra, (array_agg(key order by key))[1:${SAMPLE_KEYS}] as sample
     from (select ${keyText(view)} as key, count(*) as n from ${ident(stagingName(view.name))}
           where num_nulls(${columns}) = 0 group by ${columns} having count(*) > 1) repeated`,
  );
  const keys = Number(rows[0]?.keys);
  if (keys === 0) return undefined;
  const sampleKeys = rows[0]?.sample ?? [];
  const message = `duplicate rows in ${stagingName(view.name)}: ${keys} values of (${view.key.join(', ')}) come more than once, ${rows[0]?.extra} rows too many (${sampleKeys.join(', ')}${keys > sampleKeys.length ? ', …' : ''}); mend them in the portal`;
  return { check: 'duplicates', view: view.name, rows: Number(rows[0]?.extra), message, sampleKeys };
}

/** A key as people write it: `555512002/555512002_A`. */
function keyText(view: ReleasedView): string {
  return `concat_ws('/', ${(view.key ?? ['ctid']).map(ident).join(', ')})`;
}
