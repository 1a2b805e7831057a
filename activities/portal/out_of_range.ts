import { portal } from '../../catalog/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { ident } from '../postgres/identifiers.ts';

/** How many rows an error names. */
const SAMPLE_ROWS = 5;

const RANGES = {
  int4: ['-2147483648', '2147483647'],
  int8: ['-9223372036854775808', '9223372036854775807'],
} as const;

interface Cast {
  table: string;
  column: string;
  type: keyof typeof RANGES;
}

interface Found extends Cast {
  rows: number;
  sample: string[];
}

/**
 * What an error of filling a view means, if it says that a number is out of range: looks for such numbers in the portal,
 * which a release without them never does.
 *
 * @param select of the view: what it casts is where to look
 */
export async function explainOutOfRange(db: Database, view: string, select: string, error: unknown): Promise<unknown> {
  if (sqlstateOf(error) !== SQLSTATE.outOfRange) return error;
  const found: Found[] = [];
  await db.session(async (session) => {
    for (const cast of castsOf(select)) {
      const rows = await findRows(session, cast);
      if (rows.rows > 0) found.push({ ...cast, ...rows });
    }
  });
  if (found.length === 0) return error;
  const told = found.map(
    ({ table, column, rows, sample }) =>
      `${table}.${column}: ${rows} rows (${sample.join(', ')}${rows > sample.length ? ', …' : ''})`,
  );
  const message = `view ${view}: numbers of the portal are too large for their columns: ${told.join('; ')}; mend them in the portal`;
  return new ReleaseError('PreflightFailed', message, { view, found }, { cause: error });
}

/** Columns of portal tables that a view's SELECT casts to an integer: `w.site_id::int4` where `portal_fdw.wdpas w`. */
export function castsOf(select: string): Cast[] {
  const tables = new Map<string, string>();
  const from = new RegExp(`\\b(?:from|join)\\s+${portal.localSchema}\\.(\\w+)\\s+(\\w+)`, 'gi');
  for (const [, table = '', alias = ''] of select.matchAll(from)) tables.set(alias, table);
  const casts = new Map<string, Cast>();
  for (const [, alias = '', column = '', type] of select.matchAll(/\b(\w+)\.(\w+)::(int[48])\b/g)) {
    const table = tables.get(alias);
    if (table) casts.set(`${table}.${column}`, { table, column, type: type as Cast['type'] });
  }
  return [...casts.values()];
}

/** Archived rows are never read by a view. */
async function findRows(session: Session, { table, column, type }: Cast): Promise<{ rows: number; sample: string[] }> {
  const foreign = `${ident(portal.localSchema)}.${ident(table)}`;
  const { rows: columns } = await session.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped',
    [foreign],
  );
  const has = (name: string) => columns.some((found) => found.name === name);
  const [low, high] = RANGES[type];
  const { rows } = await session.query<{ n: number; sample: string[] | null }>(
    `select count(*)::int as n, (array_agg(key order by key))[1:${SAMPLE_ROWS}] as sample
     from (select ${has('id') ? `'id ' || id || ': ' ||` : ''} ${ident(column)}::text as key from ${foreign}
           where ${ident(column)} not between ${low} and ${high} ${has('archived_at') ? 'and archived_at is null' : ''}) found`,
  );
  return { rows: rows[0]?.n ?? 0, sample: rows[0]?.sample ?? [] };
}
