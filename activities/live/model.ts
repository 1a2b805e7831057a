import type { Generation } from '../generation/names.ts';
import type { Guard } from '../staging/live_values.ts';

/** An object with a name of its own in the schema: it is renamed with its relation. */
export interface NamedObject {
  kind: 'table' | 'materialized view' | 'index' | 'sequence' | 'statistics';
  name: string;
  liveName: string;
  /** What an index is over, without names: equal for twins. */
  shape: string;
}

export interface Column {
  name: string;
  /** With typmod: `character varying(52)`. */
  type: string;
  notNull: boolean;
}

/**
 * One property of a relation besides its rows: an index, a grant, a trigger, a comment … Its texts are in live names, so
 * that those of two generations can be compared.
 */
export interface Decoration {
  kind: string;
  /** Unique within the relation. */
  id: string;
  /** Statement that gives a relation this property. */
  apply: string;
  /** Statement that takes it away; without one it stays when live does not have it. */
  remove: string | null;
}

export interface RelationModel {
  /** Name when live. */
  relation: string;
  kind: 'table' | 'materialized view';
  /** True for those of the catalog; others are dependents that are carried along. */
  released: boolean;
  oid: string;
  name: string;
  /** SELECT of a materialized view, as PostgreSQL writes it, in the names of its generation. */
  definition: string | null;
  columns: Column[];
  objects: NamedObject[];
  decorations: Decoration[];
}

/** Something outside the released relations that depends on them. Texts are in live names. */
export interface Dependent {
  kind: 'view' | 'policy' | 'rule' | 'function' | 'foreign key' | 'publication';
  name: string;
  /** Run before the names change. */
  before: string[];
  /** Run after the names have changed. */
  after: string[];
  /** Run after COMMIT, outside the lock. */
  later: string[];
  /** Table to be locked with the others, if it is none of them. */
  locks?: string | undefined;
  /** Answers rows that would be broken; in live names, asked of the incoming generation before and during the swap. */
  check?: Check | undefined;
}

/** A question that must answer `n` = 0; with an SQLSTATE of its own where the swap has to know which one it was. */
export interface Check {
  sql: string;
  message: string;
  sqlstate?: string;
}

/** A materialized view over released relations that is no part of the catalog; it gets a populated twin. */
export interface DependentMaterializedView {
  relation: string;
  definition: string;
}

export interface SwapSnapshot {
  live: RelationModel[];
  incoming: RelationModel[];
  dependents: Dependent[];
  dependentViews: DependentMaterializedView[];
  /** The sequence behind the ledger's serial column. */
  sequenceOfLedger: { sequence: string; column: string } | undefined;
  /** Materialized views that read released relations through a view: they hold old rows until they are refreshed. */
  stale: string[];
  /** What depends on the released relations and cannot be carried, by name. */
  refusals: string[];
  /** The statement that mends a refusal, by the refusal, where there is only one. */
  remedies: Record<string, string>;
}

export interface PlanStatement {
  sql: string;
  /** Why it is there, in words for whoever reviews the plan. */
  reason: string;
}

export interface PlanRequest {
  /** What is dropped in the same transaction before any lock on live, so that its names are free. */
  discard?: PlanStatement[];
  /** Generation that becomes live, and the one that live becomes. */
  incoming: Generation;
  outgoing: Generation;
  /** Makes the twin of `releases` with the rows that are true after the change. */
  ledger: PlanStatement[];
  /** What else is written with the change, and the tables outside the release that it is written to. */
  rows: PlanStatement[];
  locks: string[];
  /** The downloads view: its live name and its SELECT over live views. */
  downloadsView: { name: string; select: string };
  /** What staging has from live: asked, and answered, under a lock that lets readers go on. */
  guards?: Guard[];
  /** Columns that readers see may change: what would refuse the plan is listed as a change. */
  acceptShape?: boolean | undefined;
  /** Questions that must answer no rows inside the lock too. */
  checks?: Check[];
}
