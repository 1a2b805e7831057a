import { backupName, ident, literal } from '../postgres/identifiers.ts';
import { type Generation, LIVE, type NamedObject, nameIn, type RelationState, type SwapSnapshot } from './snapshot.ts';

export interface PlanStatement {
  sql: string;
  /** Why it is there, in words for whoever reviews the plan. */
  reason: string;
}

export interface PlanRequest {
  /** Generation that becomes live, and the one that live becomes. */
  incoming: Generation;
  outgoing: Generation;
  /** Rows of `releases`, written first: a retry after a lost reply finds them. */
  releaseRows: PlanStatement[];
  /** The downloads view: its live name and its SELECT over live views. */
  downloadsView: { name: string; select: string };
}

/**
 * The ordered statements that make one generation live and another one of what was live. A pure function: promote,
 * rollback and re-promote differ in the names only.
 */
export function planSwap(snapshot: SwapSnapshot, request: PlanRequest): PlanStatement[] {
  const { incoming, outgoing } = request;
  const live = new Map(snapshot.live.map((state) => [state.relation, state]));
  const statements = [...request.releaseRows];
  for (const state of snapshot.incoming) {
    const current = live.get(state.relation);
    if (current)
      statements.push(...rename(current, outgoing, `live ${state.relation} is kept as ${describe(outgoing)}`));
    statements.push(...rename(state, LIVE, `${describe(incoming)} ${state.relation} becomes live`));
  }
  statements.push(...repointDependents(snapshot, request));
  if (outgoing.kind === 'backup') statements.push(...keepNames(snapshot, outgoing.stamp));
  return statements;
}

function rename(state: RelationState, to: Generation, reason: string): PlanStatement[] {
  const statements: PlanStatement[] = [];
  const add = (kind: string, object: NamedObject) => {
    const target = nameIn(to, object.liveName);
    if (target === object.name) return;
    statements.push({ sql: `alter ${kind} ${ident(object.name)} rename to ${ident(target)}`, reason });
  };
  add(state.kind, { name: state.name, liveName: state.relation });
  for (const index of state.indexes) add('index', index);
  for (const sequence of state.sequences) add('sequence', sequence);
  return statements;
}

/** Plain views keep their OID, grants and comments: only what they read changes. */
function repointDependents(snapshot: SwapSnapshot, { downloadsView, outgoing }: PlanRequest): PlanStatement[] {
  const statements = snapshot.dependents
    .filter((view) => view.name !== downloadsView.name)
    .map((view) => ({
      sql: `create or replace view ${view.name} as ${view.definition.replace(/;\s*$/, '')}`,
      reason: `view ${view.name} reads the new live relations`,
    }));
  statements.push({
    sql: `create or replace view ${ident(downloadsView.name)} as ${downloadsView.select}`,
    reason: 'downloads read the new release from the same moment on',
  });
  const old = snapshot.dependents.find((view) => view.name === downloadsView.name);
  if (old && outgoing.kind === 'backup')
    statements.push(keepDownloadsView(snapshot, old.definition, downloadsView.name, outgoing.stamp));
  return statements;
}

function keepDownloadsView(snapshot: SwapSnapshot, definition: string, name: string, stamp: string): PlanStatement {
  const renamed = snapshot.live
    .filter((state) => state.kind === 'materialized view')
    .reduce((text, { relation }) => replaceName(text, relation, backupName(stamp, relation)), definition);
  return {
    sql: `create view ${ident(backupName(stamp, name))} as ${renamed.replace(/;\s*$/, '')}`,
    reason: 'the old downloads stay readable beside the backup',
  };
}

/** Replaces a relation's name as a whole word; pg_get_viewdef writes names of schema public unqualified. */
function replaceName(text: string, name: string, by: string): string {
  return text.replace(new RegExp(`(?<![\\w.])${name}(?!\\w)`, 'g'), () => ident(by));
}

/** Backup names can lose letters: the map gives the live names back. */
function keepNames(snapshot: SwapSnapshot, stamp: string): PlanStatement[] {
  const rows = snapshot.live.flatMap((state) => [
    [state.kind, state.relation, state.relation],
    ...state.indexes.map((index) => ['index', state.relation, index.liveName]),
    ...state.sequences.map((sequence) => ['sequence', state.relation, sequence.liveName]),
  ]) as [string, string, string][];
  if (rows.length === 0) return [];
  const values = rows.map(([kind, relation, liveName]) =>
    [stamp, kind, relation, liveName, backupName(stamp, liveName)].map(literal).join(', '),
  );
  return [
    {
      sql: `insert into pp_release.backup_names (stamp, kind, relation, live_name, backup_name) values (${values.join('), (')})`,
      reason: 'the map from backup names to live names',
    },
  ];
}

function describe(generation: Generation): string {
  return generation.kind === 'backup' ? `backup ${generation.stamp}` : generation.kind;
}
