import { tables, views } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { backupName, ident, stagingName } from '../postgres/identifiers.ts';
import { existing, indexesOf, sequencesOf } from '../postgres/introspection.ts';

/** A set of relations that belong together: what is read, what is being built, what was live until a stamp. */
export type Generation = { kind: 'live' } | { kind: 'staging' } | { kind: 'backup'; stamp: string };

export const LIVE: Generation = { kind: 'live' };
export const STAGING: Generation = { kind: 'staging' };

/** An object's name in a generation and the name that it has when live. */
export interface NamedObject {
  name: string;
  liveName: string;
}

export interface RelationState {
  /** Name when live. */
  relation: string;
  kind: 'table' | 'materialized view';
  /** Name in this generation. */
  name: string;
  indexes: NamedObject[];
  sequences: NamedObject[];
}

export interface DependentView {
  name: string;
  /** The SELECT, with the names that its relations have when they are live. */
  definition: string;
}

/** What the plan is made from; all of it is read before any lock is taken. */
export interface SwapSnapshot {
  live: RelationState[];
  incoming: RelationState[];
  /** Plain views over live relations: they follow the relation's OID, so they are made anew over the new ones. */
  dependents: DependentView[];
}

export function nameIn(generation: Generation, liveName: string): string {
  if (generation.kind === 'staging') return stagingName(liveName);
  return generation.kind === 'backup' ? backupName(generation.stamp, liveName) : liveName;
}

/** Reads the catalogs for a change of `incoming` to live. */
export async function readSnapshot(session: Session, incoming: Generation): Promise<SwapSnapshot> {
  const live = await readGeneration(session, LIVE);
  return {
    live,
    incoming: pairNames(await readGeneration(session, incoming), live),
    dependents: await readDependents(session, live),
  };
}

interface ReadRelation extends RelationState {
  shapes: string[];
}

async function readGeneration(session: Session, generation: Generation): Promise<ReadRelation[]> {
  const released = [
    ...tables.map(({ name }) => ({ relation: name, kind: 'table' as const })),
    ...views.map(({ name }) => ({ relation: name, kind: 'materialized view' as const })),
  ];
  const found = await existing(
    session,
    released.map(({ relation }) => nameIn(generation, relation)),
  );
  const states: ReadRelation[] = [];
  for (const { relation, kind } of released) {
    const name = nameIn(generation, relation);
    if (!found.has(name)) continue;
    const indexes = await indexesOf(session, name);
    const sequences = kind === 'table' ? await sequencesOf(session, name) : [];
    states.push({
      relation,
      kind,
      name,
      indexes: indexes.map((index) => ({ name: index.name, liveName: liveNameOf(generation, index.name) })),
      shapes: indexes.map((index) => `${index.shape}|${index.constraint ?? ''}`),
      sequences: sequences.map((sequence) => ({
        name: sequence.name,
        liveName: liveNameOf(generation, sequence.name),
      })),
    });
  }
  return states;
}

function liveNameOf(generation: Generation, name: string): string {
  const prefix = nameIn(generation, '');
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** A long name loses its tail to the prefix; the index of the same shape in live knows the whole of it. */
function pairNames(incoming: ReadRelation[], live: ReadRelation[]): RelationState[] {
  const liveByName = new Map(live.map((state) => [state.relation, state]));
  return incoming.map(({ shapes, ...state }) => {
    const twin = liveByName.get(state.relation);
    const free = twin ? twin.indexes.map((index, at) => ({ index, shape: twin.shapes[at] })) : [];
    const indexes = state.indexes.map((index, at) => {
      const byName = free.findIndex((slot) => slot.shape === shapes[at] && slot.index.liveName === index.liveName);
      const match = byName >= 0 ? byName : free.findIndex((slot) => slot.shape === shapes[at]);
      const [slot] = match >= 0 ? free.splice(match, 1) : [];
      return slot ? { name: index.name, liveName: slot.index.liveName } : index;
    });
    return { ...state, indexes };
  });
}

async function readDependents(session: Session, live: RelationState[]): Promise<DependentView[]> {
  const { rows } = await session.query<DependentView>(
    `select distinct v.oid::regclass::text as name, pg_get_viewdef(v.oid) as definition
     from pg_depend d
     join pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
     join pg_class v on v.oid = w.ev_class and v.relkind = 'v'
     where d.refclassid = 'pg_class'::regclass and d.refobjid = any($1::regclass[])
     order by 1`,
    [live.map((state) => ident(state.name))],
  );
  return rows;
}
