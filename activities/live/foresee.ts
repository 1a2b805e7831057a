import { tables, views } from '../../catalog/index.ts';
import { backupOf, STAGING } from '../generation/names.ts';
import { inGroup, type Obstacle, obstacles, refuseFor } from '../generation/obstacles.ts';
import { strangersInTheWay } from '../generation/room.ts';
import { viewsInShapeOfLive } from '../portal/materialized_views.ts';
import type { Session } from '../postgres/database.ts';
import { freeStamp, readersOfLeaving } from './backups.ts';
import { shapedDownloads } from './downloads.ts';
import { readSnapshot } from './reading/snapshot.ts';

export interface ForeseeOptions {
  acceptShape?: boolean | undefined;
  /** Backups that the release's retention keeps; where that is not known, nothing is said of those that go. */
  keepBackups?: number | undefined;
}

export interface Foresight {
  /** What would refuse the release or its swap. */
  obstacles: Obstacle[];
  /** What depends on live and would be carried over, and what else an operator wants to know. */
  changes: string[];
}

/**
 * What a release of today would meet, as far as live and the catalog tell it: before any staging is made, so that nothing is
 * imported in vain. Reads the catalogs only.
 */
export async function foresee(session: Session, options: ForeseeOptions = {}): Promise<Foresight> {
  const found = await obstacles(session);
  // Whoever locks a table that some view reads beside ours must not hold up a release that is far from its swap.
  const snapshot = await readSnapshot(session, STAGING, { definitions: false });
  for (const text of snapshot.refusals) {
    const remedy = snapshot.remedies[text];
    found.push({ group: 'dependents', text, ...(remedy !== undefined && { remedy: [remedy] }) });
  }
  const strangers = await strangersInTheWay(session, snapshot, STAGING, backupOf(await freeStamp(session)));
  found.push(...inGroup('names', strangers));
  snapshot.refusals = [];
  await shapedDownloads(session, snapshot, STAGING);
  found.push(...inGroup('shape', snapshot.refusals));
  if (!options.acceptShape) found.push(...inGroup('shape', await viewsInShapeOfLive(session)));
  if (options.keepBackups !== undefined)
    found.push(...inGroup('dependents', await readersOfLeaving(session, options.keepBackups)));
  const texts = new Set<string>();
  return {
    obstacles: found.filter(({ text }) => !texts.has(text) && texts.add(text)),
    changes: [
      ...missing(snapshot.live.map(({ relation }) => relation)),
      ...snapshot.dependents.map(({ kind, name }) => `${kind} ${name} is carried over`),
      ...snapshot.dependentViews.map(
        ({ relation }) => `materialized view ${relation} gets a twin that is filled before the lock`,
      ),
      ...snapshot.stale.map((name) => `materialized view ${name} is refreshed after COMMIT`),
    ],
  };
}

function missing(live: readonly string[]): string[] {
  const present = new Set(live);
  return [...tables, ...views].filter(({ name }) => !present.has(name)).map(({ name }) => `${name} is not live yet`);
}

/** @throws ReleaseError PreflightFailed naming what would refuse the release, by group; nothing has changed */
export async function requireForeseeable(session: Session, options: ForeseeOptions = {}): Promise<void> {
  refuseFor((await foresee(session, options)).obstacles);
}
