import type { Session } from './database.ts';
import { ReleaseError } from './errors.ts';

/**
 * A release reads whole tables: a row that a policy hides would get a new id, or none. Sessions of ours have row_security =
 * off, with which PostgreSQL refuses to filter; here it is said before anything is done, and of all tables at once.
 *
 * @throws ReleaseError ConfigurationError naming the tables whose policies hold for this role
 */
export async function requireAllRows(session: Session, tables: readonly string[]): Promise<void> {
  const { rows } = await session.query<{ name: string; owned: boolean; role: string }>(
    `select c.oid::regclass::text as name, pg_has_role(c.relowner, 'usage') as owned, current_user::text as role
     from pg_class c where relkind in ('r', 'p') and row_security_active(c.oid)
       and (relnamespace = to_regnamespace('pp_release') or relnamespace = 'public'::regnamespace and relname = any($1))
     order by 1`,
    [tables],
  );
  const [first] = rows;
  if (!first) return;
  const names = rows.map(({ name }) => name);
  const owned = rows.every((row) => row.owned);
  const without = owned ? `alter table ${first.name} no force row level security` : `let ${first.role} own the tables`;
  const message = `row-level security may hide rows of ${names.join(', ')} from role ${first.role}, and a release reads whole tables; nothing was done. Either ${without}, or, as superuser, alter role ${first.role} bypassrls`;
  throw new ReleaseError('ConfigurationError', message, { tables: names, role: first.role, owned });
}
