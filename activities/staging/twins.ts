import { views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';

/**
 * Drops the twins of materialized views outside the catalog that stand beside a generation (`staging_`, `bk2604010600_`),
 * before what they read is dropped. RESTRICT: what somebody built on them is named.
 */
export async function dropTwins(session: Session, prefix: string): Promise<void> {
  const released = new Set(views.map(({ name }) => prefix + name));
  const { rows } = await session.query<{ relname: string }>(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'm' and starts_with(relname, $1)`,
    [prefix],
  );
  const names = rows.map((row) => row.relname).filter((name) => !released.has(name));
  if (names.length > 0) await session.query(`drop materialized view ${names.map(ident).join(', ')}`);
}
