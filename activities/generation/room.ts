import { tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { type Generation, incomingOf, LEDGER, nameIn, outgoingOf, STAGING } from './names.ts';

const KIND: Record<string, string> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized view',
  i: 'index',
  I: 'index',
  S: 'sequence',
  f: 'foreign table',
  c: 'type',
};

/** A relation of schema public that no release made and that stands where a release needs room. */
export interface Stranger {
  name: string;
  /** As ALTER … RENAME calls it: `table`, `materialized view`. */
  kind: string;
  owner: string;
}

function describeStranger({ name, kind, owner }: Stranger): string {
  return `${kind} public.${name} (owner ${owner}) stands where a release needs room, and no release made it: rename it, or drop it`;
}

/**
 * The strangers under the names that the twins of `liveNames`, their indexes and their sequences get in a generation. They are
 * never touched, so the release has to stop.
 */
async function strangersIn(
  session: Session,
  generation: Generation,
  liveNames: readonly string[],
): Promise<Stranger[]> {
  const { rows: named } = await session.query<{ name: string }>(
    `with live as (select oid from pg_class where relnamespace = 'public'::regnamespace and relname = any($1))
     select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid in (select oid from live)
     union
     select s.relname from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
       and d.refobjid in (select oid from live)`,
    [liveNames],
  );
  const needed = new Set([...liveNames, ...named.map(({ name }) => name)].map((name) => nameIn(generation, name)));
  const { rows } = await session.query<{ name: string; kind: string; owner: string }>(
    `with mine as (select oid from pp_release.ours)
     select c.relname as name, c.relkind as kind, pg_get_userbyid(c.relowner) as owner from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and c.oid not in (select oid from mine)
       and not exists (select from pg_index i where i.indexrelid = c.oid and i.indrelid in (select oid from mine))
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                         and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
                         and d.refobjid in (select oid from mine))
     order by 1`,
    [[...needed]],
  );
  return rows.map(({ name, kind, owner }) => ({ name, kind: KIND[kind] ?? 'relation', owner }));
}

/** Everything that a release makes beside live. */
const RELEASED: readonly string[] = [
  ...tables.map(({ name }) => name),
  ...views.flatMap(({ name, indexes }) => [name, ...indexes.map((index) => index.name)]),
];

/** Strangers that stand in the way of the staging that a release is about to make, a sentence for each. */
export async function strangersInStaging(session: Session): Promise<string[]> {
  return (await findStrangersInStaging(session)).map(describeStranger);
}

/** The same as facts. */
export async function findStrangersInStaging(session: Session): Promise<Stranger[]> {
  const found = await strangersIn(session, STAGING, RELEASED);
  for (const generation of [incomingOf(LEDGER, STAGING), outgoingOf(LEDGER, STAGING)])
    found.push(...(await strangersIn(session, generation, [LEDGER])));
  return found;
}

/** The same for a swap or a rollback: where its relations come from and where they go. A sentence for each. */
export async function strangersInTheWay(
  session: Session,
  { live }: { live: readonly { relation: string }[] },
  incoming: Generation,
  outgoing: Generation,
): Promise<string[]> {
  const relations = live.map(({ relation }) => relation).filter((relation) => relation !== LEDGER);
  const found: Stranger[] = [];
  for (const generation of [incoming, outgoing]) found.push(...(await strangersIn(session, generation, relations)));
  for (const generation of [incomingOf(LEDGER, incoming), outgoingOf(LEDGER, outgoing)])
    found.push(...(await strangersIn(session, generation, [LEDGER])));
  return found.map(describeStranger);
}
