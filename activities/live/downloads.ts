import { readFile } from 'node:fs/promises';
import { downloadsView, VIEWS_DIR } from '../../catalog/index.ts';
import { type Generation, nameIn } from '../generation/names.ts';
import { inShapeOfLive } from '../generation/shape_of_live.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident } from '../postgres/identifiers.ts';
import { existing } from '../postgres/introspection.ts';
import type { SwapSnapshot } from './model.ts';

/**
 * Proves that the downloads view reads live data only; builds it where none is there (it is switched in the swap).
 *
 * @returns whether it had to be built
 * @throws ReleaseError SwapRefused when the view still reads another generation
 */
export async function proveDownloadsView(session: Session): Promise<{ built: boolean }> {
  const built = !(await existing(session, [downloadsView])).has(downloadsView);
  if (built) await session.query(`create view ${ident(downloadsView)} as ${await readDownloads()}`);
  const { rows } = await session.query<{ relname: string }>(
    `select distinct c.relname from pg_rewrite w
     join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
     join pg_class c on c.oid = d.refobjid and c.relkind in ('r', 'm')
     where w.ev_class = $1::regclass and c.oid in (select oid from pp_release.ours)`,
    [ident(downloadsView)],
  );
  if (rows.length === 0) return { built };
  const wrong = rows.map((row) => row.relname).join(', ');
  throw new ReleaseError('SwapRefused', `${downloadsView} reads ${wrong} instead of live views`);
}

/** @returns the same, and how many rows a download of everything gives */
export async function ensureDownloadsView(db: Database): Promise<{ rows: number; built: boolean }> {
  return db.transaction(async (session) => {
    const proof = await proveDownloadsView(session);
    const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${ident(downloadsView)}`);
    return { rows: Number(rows[0]?.n), ...proof };
  });
}

/**
 * The downloads view as it will be, in the shape of the one that is live: its readers count on its columns, and CREATE OR
 * REPLACE VIEW keeps it only with these. What it cannot keep is added to the snapshot's refusals.
 */
export async function shapedDownloads(
  session: Session,
  snapshot: SwapSnapshot,
  incoming: Generation,
): Promise<{ name: string; select: string }> {
  const select = await readDownloads();
  const present = new Set(snapshot.incoming.map(({ relation }) => relation));
  const described = select.replace(/\b\w+\b/g, (word) => (present.has(word) ? nameIn(incoming, word) : word));
  try {
    const shaped = await inShapeOfLive(session, downloadsView, select, described);
    snapshot.refusals.push(...shaped.faults);
    return { name: downloadsView, select: shaped.select };
  } catch (error) {
    // A relation that is missing is named by the plan.
    if (sqlstateOf(error) === SQLSTATE.undefinedTable) return { name: downloadsView, select };
    if (sqlstateOf(error) !== SQLSTATE.undefinedColumn) throw error;
    snapshot.refusals.push(`${downloadsView} cannot be made: ${(error as Error).message}`);
    return { name: downloadsView, select };
  }
}

async function readDownloads(): Promise<string> {
  const select = await readFile(`${VIEWS_DIR}${downloadsView}.sql`, 'utf8');
  return select.replace(/^--.*\n/gm, '');
}
