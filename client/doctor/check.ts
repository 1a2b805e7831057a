import type { Surroundings } from './surroundings.ts';

/** Parts of an installation, in the order in which the report shows them. */
export const GROUPS = {
  temporal: 'Temporal',
  database: 'live database',
  portal: 'portal',
  files: 'files and disk',
  notifications: 'notifications',
  release: 'this release',
  probe: 'round trip',
} as const;

export type GroupName = keyof typeof GROUPS;

/** Whose rights the commands need. Without it they are the operator's, as whom doctor was run. */
export type Needed = 'dba' | 'portal owner';

export interface Remedy {
  /** For one shell, in this order; complete, so that they can be pasted as they stand. */
  commands: readonly string[];
  /** `dba`: the commands name `$PP_DBA_URL`; `portal owner`: `$PP_PORTAL_DATABASE_URL`. */
  as?: Needed;
  /** What the commands cannot say. */
  note?: string;
}

/** What a look at one thing found. */
export type Finding =
  | { status: 'ok' | 'skipped'; seen: string }
  | { status: 'warning' | 'failed'; seen: string; remedy: Remedy };

/** One question about the installation. But for a probe, the answer is read and nothing is written. */
export interface Check {
  title: string;
  /** What `seen` is held against. */
  expected: string;
  why: string;
  /** It matters before the first `migrate`, too (`doctor --pre`). */
  pre?: boolean;
  /** It writes, so it is done only where it is asked for (`doctor --probe`). */
  probe?: boolean;
  /** Ids of checks that have to be all right first; with one that is not, this one is skipped. */
  needs?: readonly string[];
  look(at: Surroundings): Promise<Finding>;
}

/** A part of the installation, whose checks share a connection and are asked one after the other. */
export interface Group<Id extends string = string> {
  /** Needs of each of its checks but those that stand here themselves. */
  needs: readonly string[];
  checks: Readonly<Record<Id, Check>>;
}

export function group<Id extends string>(needs: readonly string[], checks: Record<Id, Check>): Group<Id> {
  return { needs, checks };
}

export const ok = (seen: string): Finding => ({ status: 'ok', seen });
export const skipped = (seen: string): Finding => ({ status: 'skipped', seen });
export const warning = (seen: string, remedy: Remedy): Finding => ({ status: 'warning', seen, remedy });
export const failed = (seen: string, remedy: Remedy): Finding => ({ status: 'failed', seen, remedy });

/** A check's outcome as `--json` prints it. */
export interface Outcome {
  id: string;
  group: string;
  title: string;
  status: Finding['status'];
  seen: string;
  expected: string;
  why: string;
  /** Nothing where nothing is to be mended. */
  remedy: Remedy | null;
  /** Page and anchor in this repository. */
  docs: string;
}

/** GitHub's anchor of the heading that docs/doctor.md has for a check. */
export function docsOf(id: string): string {
  return `docs/doctor.md#${id.replaceAll('.', '')}`;
}

/** The first few names of many, for a sentence. */
export function some(names: readonly string[], shown = 5): string {
  const more = names.length - shown;
  return more > 0 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}
