import { isStamp } from '../../contracts/index.ts';
import { backupOf, nameIn, STAGING } from '../generation/names.ts';
import { droppingMade, madeOf } from '../generation/record.ts';
import { strangersInTheWay } from '../generation/room.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, literal } from '../postgres/identifiers.ts';
import { lookupsAsIn } from '../staging/from_live.ts';
import { stagingHolder } from '../staging/holder.ts';
import { backupGuards } from '../staging/live_values.ts';
import { type Backup, listBackups } from './backups.ts';
import { shapedDownloads } from './downloads.ts';
import { demotedChanges } from './in_place.ts';
import { demotedLedger, ledgerCheck } from './ledger.ts';
import type { PlanStatement } from './model.ts';
import { planSwap } from './plan.ts';
import type { Prepared } from './promote.ts';
import { readSnapshot } from './reading/snapshot.ts';

/**
 * Finds a complete backup.
 *
 * @throws ReleaseError BadInput for a malformed stamp, RollbackRefused when there is no such backup or parts of it are gone
 */
export async function requireBackup(session: Session, stamp: string): Promise<Backup> {
  if (!isStamp(stamp)) {
    throw new ReleaseError(
      'BadInput',
      `${JSON.stringify(stamp)} is no backup stamp: it is YYMMDDHHMM, such as 2604010600; see pp-release backups`,
    );
  }
  const backups = await listBackups(session);
  const backup = backups.find((candidate) => candidate.stamp === stamp);
  const complete = backups.filter((candidate) => candidate.complete).map((candidate) => candidate.stamp);
  const offer = complete.length > 0 ? `complete backups are ${complete.join(', ')}` : 'there is no complete backup';
  if (!backup) throw new ReleaseError('RollbackRefused', `there is no backup ${stamp}; ${offer}`, { stamp, complete });
  if (!backup.complete) {
    throw new ReleaseError(
      'RollbackRefused',
      `backup ${stamp} is incomplete: it lacks ${backup.missing.join(', ')}; ${offer}`,
      { stamp, missing: backup.missing },
    );
  }
  return backup;
}

/** Which backup, and whose it is where no row of `releases` says so (null: no release's). */
export interface BackupChoice {
  stamp: string;
  releaseId?: number | null | undefined;
  /** Its columns may differ from those of live. */
  acceptShape?: boolean | undefined;
}

/**
 * The release that is current once the backup is live: the one that names it, or the one that a person has named. Without either
 * none would be current, and the website would take itself for one that has never had a release.
 *
 * @throws ReleaseError RollbackRefused naming what to say
 */
export async function requireReleaseOf(session: Session, { stamp, releaseId }: BackupChoice): Promise<void> {
  const { rows } = await session.query<{ id: number; label: string; stamp: string | null; current: boolean }>(
    `select id::int, label, to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp, is_current as current from releases order by id desc`,
  );
  const refuse = (why: string) => new ReleaseError('RollbackRefused', why, { stamp, releases: rows });
  const named = rows.find((row) => row.stamp === stamp);
  if (named) {
    if (releaseId === undefined || releaseId === named.id) return;
    throw refuse(`backup ${stamp} is release ${named.id} (${named.label}), as releases says: leave --release-id out`);
  }
  if (releaseId === null) return;
  if (releaseId === undefined) {
    const free = rows.filter((row) => row.stamp === null && !row.current).slice(0, OFFERED);
    const offer = free.length > 0 ? `, such as ${free.map(({ id, label }) => `${id} (${label})`).join(', ')}` : '';
    throw refuse(
      `no row of releases names backup ${stamp}, so no release would be current afterwards; say which one it is with --release-id N${offer}, or --release-id none if it is no release's`,
    );
  }
  const chosen = rows.find(({ id }) => id === releaseId);
  if (!chosen)
    throw refuse(`there is no release ${releaseId}; pp-release backups list and releases show what there is`);
  if (chosen.current)
    throw refuse(`release ${releaseId} (${chosen.label}) is current: its data is live, and not in backup ${stamp}`);
  if (chosen.stamp)
    throw refuse(`release ${releaseId} (${chosen.label}) names backup ${chosen.stamp}, and not ${stamp}`);
}

const OFFERED = 5;

/** The plan that makes a backup live and what is live staging, from where it can be promoted again. */
export async function planDemote(
  session: Session,
  { stamp, releaseId, acceptShape }: BackupChoice,
  currentReleaseId: number,
): Promise<Prepared> {
  const backup = backupOf(stamp);
  const snapshot = await readSnapshot(session, backup);
  snapshot.refusals.push(...(await strangersInTheWay(session, snapshot, backup, STAGING)));
  const inPlace = await demotedChanges(session, stamp, currentReleaseId);
  const plan = planSwap(snapshot, {
    incoming: backup,
    outgoing: STAGING,
    discard: await discardedStaging(session),
    ledger: demotedLedger(currentReleaseId, stamp, releaseId ?? undefined),
    rows: [
      ...(await dropKeptDownloads(session, stamp)),
      ...(await stagingRows(session, stamp, currentReleaseId, acceptShape)),
      ...inPlace.rows,
    ],
    locks: inPlace.locks,
    downloadsView: await shapedDownloads(session, snapshot, backup),
    acceptShape,
    guards: snapshot.refusals.length > 0 ? [] : await backupGuards(session, (table) => nameIn(backup, table)),
    checks: [await ledgerCheck(session)],
  });
  return { snapshot, plan };
}

/** Staging, if there is any: the live relations take its names. Whether it may go has been asked before. */
async function discardedStaging(session: Session): Promise<PlanStatement[]> {
  const holder = await stagingHolder(session);
  const reason = holder
    ? `staging of release ${holder.releaseId} (${holder.label}) is discarded`
    : 'staging is discarded';
  const drops = await droppingMade(session, STAGING);
  return [...drops, 'delete from pp_release.staging'].map((sql) => ({ sql, reason }));
}

/** The backup's own downloads view reads relations that are about to be live: the live view takes over. */
async function dropKeptDownloads(session: Session, stamp: string): Promise<PlanStatement[]> {
  const kept = (await madeOf(session, backupOf(stamp))).filter(({ kind }) => kind === 'v');
  return kept.map(({ name }) => ({
    sql: `drop view public.${ident(name)}`,
    reason: 'the live downloads view reads these relations from now on',
  }));
}

async function stagingRows(
  session: Session,
  stamp: string,
  currentReleaseId: number,
  acceptShape = false,
): Promise<PlanStatement[]> {
  const lookups = await lookupsAsIn(session, (table) => nameIn(backupOf(stamp), table));
  return [
    {
      sql: `insert into pp_release.staging (release_id, built_at, live_values, accepts_shape)
            values (${Number(currentReleaseId)}, clock_timestamp(), ${literal(JSON.stringify(lookups))}, ${acceptShape})`,
      reason: 'staging holds the release that was rolled back: it can be promoted again',
    },
    {
      sql: `delete from pp_release.backup_names where stamp = ${literal(stamp)}`,
      reason: 'the backup is no backup any more',
    },
    {
      sql: `delete from pp_release.adopted_backups where stamp = ${literal(stamp)}`,
      reason: 'nor one of the old system',
    },
  ];
}
