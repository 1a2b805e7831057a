import type { Database } from '../postgres/database.ts';
import { refused } from './attempt.ts';
import type { SwapSnapshot } from './model.ts';

/** Looks from a fresh connection whether the live names now belong to what was incoming. */
export async function proveLive(db: Database, before: SwapSnapshot): Promise<void> {
  const wrong = await db.query<{ name: string }>(
    `select name from unnest($1::text[], $2::oid[]) wanted (name, oid)
     where not exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = wanted.name and c.oid = wanted.oid)`,
    [before.incoming.map(({ relation }) => relation), before.incoming.map(({ oid }) => oid)],
  );
  if (wrong.length === 0) return;
  throw refused([`PostgreSQL answered COMMIT but ${wrong.map(({ name }) => name).join(', ')} did not become live`]);
}
