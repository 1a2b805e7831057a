import { downloadsView } from '../../catalog/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident } from '../postgres/identifiers.ts';
import { existing } from '../postgres/introspection.ts';
import { downloadsViewOf } from './promote.ts';

/**
 * Proves that the downloads view reads live data only; builds it where none is there (it is switched in the swap).
 *
 * @returns whether it had to be built
 * @throws ReleaseError SwapRefused when the view still reads another generation
 */
export async function proveDownloadsView(session: Session): Promise<{ built: boolean }> {
  const built = !(await existing(session, [downloadsView])).has(downloadsView);
  if (built) await session.query(`create view ${ident(downloadsView)} as ${(await downloadsViewOf()).select}`);
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
