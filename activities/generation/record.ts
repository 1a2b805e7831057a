import type { Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { type Generation, keyOf, nameIn } from './names.ts';

/** A relation that a release made, and that still has the name and the OID under which it was recorded. */
export interface Made {
  /** `staging`, the stamp of a backup, or `next` and `previous` for the twins of releases. */
  generation: string;
  liveName: string;
  name: string;
  oid: string;
  kind: 'r' | 'm' | 'v';
}

/** Records relations of a generation, which exist by now, as made by a release: only such are ever dropped. */
export async function record(session: Session, generation: Generation, liveNames: readonly string[]): Promise<void> {
  if (liveNames.length > 0) await session.query(recording(generation, liveNames));
}

/** The same as a statement of a plan. */
export function recording(generation: Generation, liveNames: readonly string[]): string {
  const names = liveNames.map((liveName) => `(${literal(liveName)}, ${literal(nameIn(generation, liveName))})`);
  return `insert into pp_release.made (generation, live_name, name, oid, database)
          select ${literal(keyOf(generation))}, v.live_name, c.relname, c.oid, pp_release.this_database()
          from (values ${names.join(', ')}) v (live_name, name)
          join pg_catalog.pg_class c on c.relname = v.name and c.relnamespace = 'public'::regnamespace
          on conflict (generation, live_name) do update
            set name = excluded.name, oid = excluded.oid, database = excluded.database, made_at = excluded.made_at`;
}

/** A statement of a plan: the relations of these generations have become something else. */
export function forgetting(...generations: Generation[]): string {
  return `delete from pp_release.made where generation in (${generations.map((one) => literal(keyOf(one))).join(', ')})`;
}

/** Those of a generation, or of all, that are there. */
export async function madeOf(session: Session, generation?: Generation): Promise<Made[]> {
  const { rows } = await session.query<Made>(
    `select generation, live_name as "liveName", name, oid::text, relkind as kind from pp_release.ours
     where $1::text is null or generation = $1 order by generation, name`,
    [generation ? keyOf(generation) : null],
  );
  return rows;
}

const KINDS = [
  ['v', 'view'],
  ['m', 'materialized view'],
  ['r', 'table'],
] as const;

/**
 * Drops what releases made of a generation, in the caller's transaction: what reads before what is read. RESTRICT: what
 * others have built on it is named by PostgreSQL and nothing is dropped.
 */
export async function dropMade(
  session: Session,
  generation: Generation,
  isWanted: (made: Made) => boolean = () => true,
): Promise<void> {
  const made = (await madeOf(session, generation)).filter(isWanted);
  for (const [kind, word] of KINDS) {
    const names = made.filter((one) => one.kind === kind).map(({ name }) => `public.${ident(name)}`);
    if (names.length > 0) await session.query(`drop ${word} ${names.join(', ')}`);
  }
  await session.query(
    `delete from pp_release.made m where generation = $1 and not exists (
       select from pp_release.ours o where o.generation = m.generation and o.live_name = m.live_name)`,
    [keyOf(generation)],
  );
}

/** The same as statements of a plan. */
export async function droppingMade(session: Session, generation: Generation): Promise<string[]> {
  const made = await madeOf(session, generation);
  const drops = KINDS.flatMap(([kind, word]) => {
    const names = made.filter((one) => one.kind === kind).map(({ name }) => `public.${ident(name)}`);
    return names.length > 0 ? [`drop ${word} ${names.join(', ')}`] : [];
  });
  return drops.length > 0 ? [...drops, forgetting(generation)] : [];
}
