import type { Check, Group, GroupName } from '../check.ts';
import { databaseChecks } from './database.ts';
import { filesChecks } from './files.ts';
import { notificationChecks } from './notifications.ts';
import { portalChecks } from './portal.ts';
import { probeChecks } from './probe.ts';
import { releaseChecks } from './release.ts';
import { temporalChecks } from './temporal.ts';

/** Every check, by its part. A new one is an entry in the file of its part. */
const groups = {
  temporal: temporalChecks,
  database: databaseChecks,
  portal: portalChecks,
  files: filesChecks,
  notifications: notificationChecks,
  release: releaseChecks,
  probe: probeChecks,
} as const satisfies Record<GroupName, Group>;

type Groups = typeof groups;
export type CheckId = { [G in GroupName]: keyof Groups[G]['checks'] }[GroupName] & string;

const entries = (Object.keys(groups) as GroupName[]).flatMap((name) =>
  Object.entries<Check>(groups[name].checks).map(([id, check]) => [id as CheckId, { name, check }] as const),
);
const known = new Map(entries);

/** All ids, in the order of the report. What a check needs within its part stands before it. */
export const IDS: readonly CheckId[] = entries.map(([id]) => id);

export const isCheckId = (text: string): text is CheckId => known.has(text as CheckId);

function entryOf(id: CheckId) {
  const entry = known.get(id);
  if (!entry) throw new Error(`there is no check ${id}`);
  return entry;
}

export const checkOf = (id: CheckId): Check => entryOf(id).check;
export const groupOf = (id: CheckId): GroupName => entryOf(id).name;

/** What a check needs: of its own, and of its part. */
export function needsOf(id: CheckId): CheckId[] {
  const { name, check } = entryOf(id);
  const ofGroup: readonly string[] = groups[name].needs;
  const inherited = ofGroup.includes(id) ? ofGroup.slice(0, ofGroup.indexOf(id)) : ofGroup;
  return [...inherited, ...(check.needs ?? [])].filter(isCheckId);
}
