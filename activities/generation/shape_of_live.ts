import type { Session } from '../postgres/database.ts';
import { describeQuery, describeRelation, type TypedColumn } from '../postgres/describe.ts';
import { ident } from '../postgres/identifiers.ts';

/** A column whose type in live holds less than the release's own: a value that does not fit has to be named. */
export interface Narrowing {
  column: string;
  /** Type that the release would make. */
  from: string;
  /** Type in live. */
  to: string;
}

export interface Shaped {
  /** Gives the columns of live, in live's order and with live's types; those that only the release knows come last. */
  select: string;
  narrowings: Narrowing[];
  /** Why the release cannot make live's columns: a sentence for each. */
  faults: string[];
}

/**
 * Brings a view's SELECT into the shape that its twin in live has: readers have prepared statements and code that count on it, and
 * a database that was there before this release has an order and types of its own.
 *
 * @param relation live name; where there is no such relation, the release's own shape is the shape
 * @param described the same SELECT as it can be asked for its columns now, if its relations have other names still
 */
export async function inShapeOfLive(
  session: Session,
  relation: string,
  select: string,
  described = select,
): Promise<Shaped> {
  const live = await describeRelation(session, relation);
  if (live.length === 0) return { select, narrowings: [], faults: [] };
  const own = await describeQuery(session, described);
  if (isSameShape(live, own)) return { select, narrowings: [], faults: [] };
  return shaped(relation, select, live, own, await readCasts(session, live, own));
}

function isSameShape(live: readonly TypedColumn[], own: readonly TypedColumn[]): boolean {
  return (
    live.length === own.length && live.every(({ name, type }, at) => own[at]?.name === name && own[at]?.type === type)
  );
}

/** Pure. @param casts pairs of type OIDs, `from>to`, of which an INSERT turns the one into the other */
function shaped(
  relation: string,
  select: string,
  live: readonly TypedColumn[],
  own: readonly TypedColumn[],
  casts: ReadonlySet<string>,
): Shaped {
  const result: Shaped = { select, narrowings: [], faults: [] };
  const byName = new Map(own.map((column) => [column.name, column]));
  const columns = live.map((wanted) => {
    const name = ident(wanted.name);
    const found = byName.get(wanted.name);
    byName.delete(wanted.name);
    if (!found) {
      result.faults.push(
        `live ${relation} has a column ${wanted.name} (${wanted.type}), which this release does not make`,
      );
      return name;
    }
    if (found.type === wanted.type) return `made.${name}`;
    if (found.typeOid !== wanted.typeOid && !casts.has(`${found.typeOid}>${wanted.typeOid}`)) {
      result.faults.push(
        `live ${relation}.${wanted.name} is ${wanted.type}; this release makes ${found.type}, which no INSERT would turn into it`,
      );
    }
    result.narrowings.push({ column: wanted.name, from: found.type, to: wanted.type });
    return `made.${name}::${wanted.type} as ${name}`;
  });
  columns.push(...[...byName.values()].map(({ name }) => `made.${ident(name)}`));
  // The SELECT may end in a comment.
  result.select = `select ${columns.join(', ')}\nfrom (\n${select}\n) made`;
  return result;
}

/** PostgreSQL's own casts for assignment; an explicit one (text to integer) would fail for most values. */
async function readCasts(
  session: Session,
  live: readonly TypedColumn[],
  own: readonly TypedColumn[],
): Promise<Set<string>> {
  const { rows } = await session.query<{ cast: string }>(
    `select castsource::int8 || '>' || casttarget::int8 as cast from pg_cast
     where castcontext in ('i', 'a') and castsource = any($1::oid[]) and casttarget = any($2::oid[])`,
    [own.map(({ typeOid }) => typeOid), live.map(({ typeOid }) => typeOid)],
  );
  return new Set(rows.map(({ cast }) => cast));
}
