import {
  describeGeneration,
  type Generation,
  incomingOf,
  LEDGER,
  LIVE,
  nameIn,
  outgoingOf,
} from '../generation/names.ts';
import { forgetting, recording } from '../generation/record.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { isReworded, retarget } from '../postgres/retarget.ts';
import type { Guard } from '../staging/live_values.ts';
import { completeIncoming } from './complete_incoming.ts';
import type { Check, NamedObject, PlanRequest, PlanStatement, RelationModel, SwapSnapshot } from './model.ts';
import { shapeChanges } from './shape.ts';

export interface SwapPlan {
  /** Outside any lock, just before an attempt: the twin of `releases`, if it is not there yet. */
  ledger: PlanStatement[];
  /** Outside any lock, in any number of transactions: what incoming still lacks to be live's twin. */
  before: PlanStatement[];
  /** In the same transaction as what is under the lock, and before it: staging that is discarded. */
  discard: PlanStatement[];
  /** Under a lock against writers only, before the one against readers: is live what staging was made from? */
  guards: { locks: string[]; statements: PlanStatement[] };
  /** Locked with ACCESS EXCLUSIVE before anything changes, by LOCK TABLE (materialized views by their own ALTER). */
  locks: string[];
  /** In one transaction, under the lock. */
  inside: PlanStatement[];
  /** After COMMIT: validation of foreign keys, refresh of what reads released relations through a view. */
  after: PlanStatement[];
  /** Intended differences of shape, and texts that PostgreSQL's deparser writes in another way than before. */
  changes: string[];
  /** Why this must not be done, if there are reasons. */
  refusals: string[];
}

/**
 * The ordered statements that make one generation live and another one of what was live. A pure function: promote,
 * rollback and re-promote differ in the names only.
 */
export function planSwap(snapshot: SwapSnapshot, request: PlanRequest): SwapPlan {
  const { incoming, outgoing, acceptShape } = request;
  const completed = completeIncoming(snapshot, request);
  const shape = shapeChanges(snapshot, incoming, acceptShape);
  const keys = snapshot.dependents;
  return {
    ledger: completed.ledger,
    before: completed.statements,
    discard: request.discard ?? [],
    guards: {
      locks: (request.guards ?? []).map(({ table }) => `public.${ident(table)}`),
      statements: (request.guards ?? []).map(guard),
    },
    locks: lockedRelations(snapshot, request),
    inside: [
      // Materialized views first: they cannot be locked otherwise, and a reader of one ends the attempt at once.
      ...renameAll(snapshot, completed.incoming, request, 'materialized view'),
      ...request.rows,
      ...keys.flatMap((dependent) =>
        dependent.before.map((sql) => ({
          sql,
          reason: `${dependent.kind} ${dependent.name} lets go of the old relations`,
        })),
      ),
      ...renameAll(snapshot, completed.incoming, request, 'table'),
      ...ledgerSequences(snapshot),
      ...checks(snapshot, request),
      ...dependentsAfter(snapshot, request),
      ...downloads(snapshot, request),
      ...recordGenerations(snapshot, request),
      ...(outgoing.kind === 'backup' ? keepNames(snapshot, outgoing.stamp) : []),
    ],
    after: [
      ...keys.flatMap((dependent) =>
        dependent.later.map((sql) => ({ sql, reason: `${dependent.kind} ${dependent.name} is proved` })),
      ),
      {
        sql: `drop table if exists public.${ident(nameIn(outgoingOf(LEDGER, outgoing), LEDGER))}`,
        reason: 'the twin that releases has replaced is not needed any more',
      },
      ...snapshot.stale.map((name) => ({
        sql: `refresh materialized view ${name}`,
        reason: `${name} reads released relations through a view`,
      })),
    ],
    changes: [...shape.changes, ...completed.changes, ...rewordedDependents(snapshot)],
    refusals: [...snapshot.refusals, ...shape.refusals],
  };
}

function rewordedDependents({ dependents }: SwapSnapshot): string[] {
  return dependents
    .filter(({ after }) => after.some(isReworded))
    .map(({ kind, name }) => `${kind} ${name}: PostgreSQL will write it in other words than before; it means the same`);
}

/** releases first: a reader that asks it for the current release must not meet the new tables with the old row. */
function lockedRelations(snapshot: SwapSnapshot, request: PlanRequest): string[] {
  const tables = [...snapshot.live, ...snapshot.incoming].filter(({ kind }) => kind === 'table');
  const others = snapshot.dependents.flatMap(({ locks }) => (locks ? [locks] : []));
  return [
    ...new Set(['public.releases', ...others, ...request.locks, ...tables.map(({ name }) => `public.${ident(name)}`)]),
  ];
}

function renameAll(
  snapshot: SwapSnapshot,
  incomingModels: RelationModel[],
  { incoming, outgoing }: PlanRequest,
  kind: RelationModel['kind'],
): PlanStatement[] {
  const live = new Map(snapshot.live.map((model) => [model.relation, model]));
  return incomingModels
    .filter((model) => model.kind === kind)
    .flatMap((model) => {
      const current = live.get(model.relation);
      const from = incomingOf(model.relation, incoming);
      const to = outgoingOf(model.relation, outgoing);
      return [
        ...(current ? rename(current, to, `live ${model.relation} is kept as ${describeGeneration(to)}`) : []),
        ...rename(model, LIVE, `${describeGeneration(from)} ${model.relation} becomes live`),
      ];
    });
}

function rename(model: RelationModel, to: Generation, reason: string): PlanStatement[] {
  const self: Pick<NamedObject, 'kind' | 'name' | 'liveName'> = {
    kind: model.kind,
    name: model.name,
    liveName: model.relation,
  };
  return [self, ...model.objects].flatMap(({ kind, name, liveName }) => {
    const target = nameIn(to, liveName);
    return target === name ? [] : [{ sql: `alter ${kind} public.${ident(name)} rename to ${ident(target)}`, reason }];
  });
}

/** The sequence behind releases.id stays the same one; it goes with the table that is called releases. */
function ledgerSequences({ sequenceOfLedger }: SwapSnapshot): PlanStatement[] {
  if (!sequenceOfLedger) return [];
  const { sequence, column } = sequenceOfLedger;
  return [
    {
      sql: `alter sequence ${sequence} owned by public.${ident(LEDGER)}.${ident(column)}`,
      reason: 'releases keeps its sequence',
    },
  ];
}

/** A question asked before the lock is asked again under it: rows may have come in between. */
function checks(snapshot: SwapSnapshot, request: PlanRequest): PlanStatement[] {
  const asked = [...snapshot.dependents.flatMap(({ check }) => (check ? [check] : [])), ...(request.checks ?? [])];
  // The names have changed by now, so the question in live names is asked of the new relations.
  return asked.map((check) => ask(check, check.message.replace(/\(.*$/, '').trim()));
}

/** SQLSTATE of a guard, so that a round which comes too late is told from a refusal. */
export const LIVE_CHANGED = 'PP005';

function guard({ table, sql, carry, message }: Guard): PlanStatement {
  const reason = `live ${table} still holds what staging has taken from it`;
  if (carry === undefined) return ask({ sql, message, sqlstate: LIVE_CHANGED }, reason);
  return {
    sql: `do $pp$ begin if (select n from (${sql}) answer) > 0 then ${carry}; end if; end $pp$`,
    reason: `${reason}, or it is taken over now`,
  };
}

function ask({ sql, message, sqlstate = 'PP002' }: Check, reason: string): PlanStatement {
  return {
    sql: `do $pp$ begin if (select n from (${sql}) answer) > 0 then raise exception using errcode = ${literal(sqlstate)}, message = ${literal(message)}; end if; end $pp$`,
    reason,
  };
}

function dependentsAfter(snapshot: SwapSnapshot, { downloadsView }: PlanRequest): PlanStatement[] {
  return snapshot.dependents
    .filter(({ kind, name }) => !(kind === 'view' && name === `public.${downloadsView.name}`))
    .flatMap(({ kind, name, after }) =>
      after.map((sql) => ({ sql, reason: `${kind} ${name} takes the new relations` })),
    );
}

/** Views keep their OID, grants and comments: only what they read changes. */
function downloads(snapshot: SwapSnapshot, { downloadsView, outgoing }: PlanRequest): PlanStatement[] {
  const current = snapshot.dependents.find(
    ({ kind, name }) => kind === 'view' && name === `public.${downloadsView.name}`,
  );
  const statements: PlanStatement[] = [];
  const definition = current?.after[0]?.replace(/^create or replace view .*? as /s, '');
  if (definition && outgoing.kind === 'backup') {
    statements.push({
      sql: `create view public.${ident(nameIn(outgoing, downloadsView.name))} as ${retarget(definition, toOutgoing(snapshot, outgoing))}`,
      reason: 'the old downloads stay readable beside the backup',
    });
  }
  const name = `public.${ident(downloadsView.name)}`;
  statements.push({
    sql:
      current?.after[0]?.replace(/ as .*$/s, () => ` as ${downloadsView.select}`) ??
      `create or replace view ${name} as ${downloadsView.select}`,
    reason: 'downloads read the new release from the same moment on',
  });
  return statements;
}

function toOutgoing(snapshot: SwapSnapshot, outgoing: Generation): Map<string, string> {
  return new Map(snapshot.live.map(({ relation }) => [relation, nameIn(outgoing, relation)]));
}

/** What was staging or a backup is live, and what was live is the other: both are known by name and OID. */
function recordGenerations(
  snapshot: SwapSnapshot,
  { incoming, outgoing, downloadsView }: PlanRequest,
): PlanStatement[] {
  const relations = snapshot.live.map(({ relation }) => relation).filter((relation) => relation !== LEDGER);
  const kept = outgoing.kind === 'backup' ? [...relations, downloadsView.name] : relations;
  return [
    { sql: forgetting(incoming, incomingOf(LEDGER, incoming)), reason: 'what has become live is no twin any more' },
    { sql: recording(outgoing, kept), reason: `${describeGeneration(outgoing)} is known by name and OID` },
    {
      sql: recording(outgoingOf(LEDGER, outgoing), [LEDGER]),
      reason: 'the twin that releases has replaced is known by name and OID',
    },
  ];
}

/** Backup names can lose letters: the map gives the live names back. */
function keepNames(snapshot: SwapSnapshot, stamp: string): PlanStatement[] {
  const outgoing: Generation = { kind: 'backup', stamp };
  const kept = snapshot.live.filter(({ relation }) => relation !== LEDGER);
  const rows = kept.flatMap((model) => [
    [stamp, model.kind, model.relation, model.relation, nameIn(outgoing, model.relation)],
    ...model.objects.map(({ kind, liveName }) => [stamp, kind, model.relation, liveName, nameIn(outgoing, liveName)]),
  ]);
  if (rows.length === 0) return [];
  const values = rows.map((row) => row.map(literal).join(', ')).join('), (');
  return [
    {
      sql: `insert into pp_release.backup_names (stamp, kind, relation, live_name, backup_name) values (${values})`,
      reason: 'the map from backup names to live names',
    },
  ];
}
