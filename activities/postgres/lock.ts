import { setTimeout as delay } from 'node:timers/promises';
import { describeUnfinished, type LockHolder, type ReleaseState } from '../../contracts/index.ts';
import { ADVISORY_KEY } from './advisory_keys.ts';
import type { Session } from './database.ts';
import { ReleaseError } from './errors.ts';
import {
  type Claimant,
  closeRun,
  endAttemptsBefore,
  endKeeper,
  hasGivenBack,
  holderOf,
  type Owner,
  readOwner,
  writeOwner,
} from './owner.ts';
import { recordEvent, setState } from './releases.ts';

export const ADVISORY_LOCK_KEY = ADVISORY_KEY.release;

/** application_name of whoever holds the lock for a workflow; the token of its attempt follows. */
export const KEEPER_PREFIX = 'pp keeper ';

/** The session of a keeper on a killed worker is gone by then, too. */
const RIVAL_LIMIT_MS = 5_000;

/**
 * Asks Temporal how a workflow was closed (`terminated`, `timed out` …); nothing while it runs. An owner whose workflow is
 * closed can be taken over.
 */
export type HowClosed = (workflowId: string, runId: string) => Promise<string | undefined>;

/** Temporal does not know the workflow: closed for longer than history is kept, or it runs in another namespace. */
export const UNKNOWN_TO_TEMPORAL = 'unknown to Temporal';

/**
 * Makes `session` the keeper: the owner row names the claimant, and the session holds the advisory lock. An owner whose
 * workflow is closed is taken over; its sessions are ended and its release is marked as failed.
 *
 * @param options.renew the claimant held the lock before: it gets it back only where the owner row still names it
 * @throws ReleaseError LockHeld naming who holds it, since when and for what; Fenced for an attempt that comes too late
 */
export async function takeLock(
  session: Session,
  claimant: Claimant,
  howClosed: HowClosed,
  { renew = false }: { renew?: boolean } = {},
): Promise<void> {
  const before = await readOwner(session);
  if (renew && before?.workflowId !== claimant.workflowId) {
    throw new ReleaseError('Fenced', 'the release lock was given back or taken over while the connection was lost');
  }
  if (before?.workflowId === claimant.workflowId) await announceKeeper(session, before, claimant);
  const isRival = before && before.workflowId !== claimant.workflowId;
  const closed = isRival ? await howClosed(before.workflowId, before.runId) : undefined;
  if (isRival && closed === undefined) throw lockHeld(holderOf(before));
  if (isRival && closed === UNKNOWN_TO_TEMPORAL && (await isKeeperAlive(session, before))) {
    throw lockHeld(
      holderOf(before),
      'Temporal, where this worker looks, does not know that workflow, but its session is alive: all workers and commands have to look at the same Temporal and namespace',
    );
  }
  await endKeeper(session, before);
  await holdAdvisoryLock(session, before);
  await session.query('begin');
  try {
    const owner = await readOwner(session, 'for no key update');
    // Somebody else has taken it, or a rival was reset, since Temporal was asked.
    const hasChanged = owner?.workflowId !== before?.workflowId || (isRival && owner?.runToken !== before.runToken);
    if (owner && hasChanged) throw lockHeld(holderOf(owner));
    requireNewest(owner, claimant);
    if (await hasGivenBack(session, claimant)) {
      throw new ReleaseError('Fenced', 'this run has given the release lock back already');
    }
    if (owner && owner.workflowId !== claimant.workflowId) await closeAbandoned(session, owner, closed ?? 'closed');
    await writeOwner(session, claimant, owner);
    await session.query('commit');
  } catch (error) {
    await session.query('rollback');
    await session.query('select pg_advisory_unlock($1)', [ADVISORY_LOCK_KEY]);
    throw error;
  }
}

/**
 * Before anything else, the workflow's new keeper is written down: an older one that loses its session now, on a worker
 * that only Temporal has lost, does not take it back. A reset's keeper ends what the run before is doing still.
 */
async function announceKeeper(session: Session, before: Owner, claimant: Claimant): Promise<void> {
  requireNewest(before, claimant);
  const { workflowId, runId, token } = claimant;
  const { rowCount } = await session.query(
    `update pp_release.lock_owner set keeper_token = $3
     where workflow_id = $1 and run_id = $2 and keeper_token <= $3 and run_token = $4`,
    [workflowId, before.runId, token, before.runToken],
  );
  if (rowCount !== 1) {
    // A step of the new run, or another keeper, was there meanwhile.
    const now = await readOwner(session);
    if (now?.workflowId === workflowId) await announceKeeper(session, now, claimant);
    return;
  }
  if (before.runId !== runId && before.releaseId !== null) await endAttemptsBefore(session, before.releaseId, token);
}

/** A worker that was frozen, with the task in hand or in its poll, tries to take the lock for what goes on without it. */
function requireNewest(owner: Owner | undefined, { workflowId, runId, token }: Claimant): void {
  if (owner?.workflowId !== workflowId) return;
  // The run's token may be that of a step, scheduled after this keeper.
  if ((owner.runId === runId ? owner.keeperToken : owner.runToken) <= token) return;
  throw new ReleaseError('Fenced', 'a later attempt or another run of this workflow holds the release lock');
}

/**
 * A rival that is just taking the lock has the advisory lock for a moment before its owner row is written: it is waited
 * for, so that whoever is refused is told its name.
 */
async function holdAdvisoryLock(session: Session, before: Owner | undefined): Promise<void> {
  let deadline = Date.now() + RIVAL_LIMIT_MS;
  for (;;) {
    const { rows } = await session.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [
      ADVISORY_LOCK_KEY,
    ]);
    if (rows[0]?.held) return;
    const owner = await readOwner(session);
    if (owner && owner.workflowId !== before?.workflowId) throw lockHeld(holderOf(owner));
    const holder = await advisoryHolder(session);
    const isRival = holder === undefined || holder.application.startsWith(KEEPER_PREFIX);
    if (!isRival) throw lockHeld({ purpose: OUTSIDE, ...holder });
    if (Date.now() > deadline) {
      // A keeper without an owner row for so long is one that was frozen on its way.
      if (holder) await session.query('select pg_terminate_backend($1, 5000)', [holder.pid]);
      deadline = Date.now() + RIVAL_LIMIT_MS;
    }
    await delay(20);
  }
}

const OUTSIDE = 'a session outside this orchestrator';

/** Who holds the advisory lock although nobody is the owner: a script of somebody's, say. */
export async function outsideHolder(session: Session): Promise<LockHolder | undefined> {
  const holder = await advisoryHolder(session);
  return holder && !holder.application.startsWith(KEEPER_PREFIX) ? { purpose: OUTSIDE, ...holder } : undefined;
}

async function advisoryHolder(session: Session) {
  const { rows } = await session.query<{ pid: number; application: string; since: string }>(
    `select a.pid, a.application_name as application, to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = $1 and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())`,
    [ADVISORY_LOCK_KEY],
  );
  return rows[0];
}

/** A workflow that was terminated could set no state: its successor does, so that `releases` tells the truth. */
async function closeAbandoned(session: Session, owner: Owner, closed: string): Promise<void> {
  await session.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where application_name like $1 and pid <> pg_backend_pid() and datname = current_database()`,
    [`pp ${owner.releaseId ?? 'none'} %`],
  );
  // Waits for what those sessions held, if one of them is still on its way out.
  await session.query('delete from pp_release.lock_owner');
  await closeRun(session, owner.runId);
  if (owner.releaseId === null) return;
  const { rows } = await session.query<{ label: string; state: ReleaseState; isOwn: boolean }>(
    'select label, state, workflow_id is not distinct from $2 as "isOwn" from releases where id = $1',
    [owner.releaseId, owner.workflowId],
  );
  const [release] = rows;
  const how =
    closed === UNKNOWN_TO_TEMPORAL
      ? 'is unknown to Temporal by now and has not ended'
      : `was ${closed} before it could end`;
  const reason = `workflow ${owner.workflowId} ${how} the ${owner.purpose}`;
  // A rollback works in the name of the release that is live, whose state is its own.
  if (release?.isOwn) {
    if (UNFINISHED.includes(release.state)) {
      await setState(
        session,
        owner.releaseId,
        'failed',
        `Abandoned: ${reason}; go on with pp-release start ${release.label} --start-at PHASE, or start it anew`,
      );
    } else if (release.state === 'swapped') {
      await setState(session, owner.releaseId, 'failed', `Abandoned: ${describeUnfinished(release.label, reason)}`);
    }
  }
  await recordEvent(session, owner.releaseId, 'lock_taken_over', { purpose: owner.purpose, reason });
}

/** States of a release that is at work and not live yet. */
const UNFINISHED: readonly ReleaseState[] = ['started', 'preflight_ok', 'importing', 'validating'];

async function isKeeperAlive(session: Session, owner: Owner): Promise<boolean> {
  const { rowCount } = await session.query(
    'select from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz',
    [owner.keeperPid, owner.keeperBackendStart],
  );
  return rowCount !== 0;
}

/**
 * The same for whoever only looks: if the owner's workflow is closed, nobody is left to end its release.
 *
 * @param howClosed answers nothing too where Temporal does not know the owner's run: it may be in another namespace
 * @returns the owner that is still there
 */
export async function dropAbandoned(session: Session, howClosed: HowClosed): Promise<Owner | undefined> {
  const before = await readOwner(session);
  const closed = before && (await howClosed(before.workflowId, before.runId));
  if (closed === undefined) return before;
  await endKeeper(session, before);
  await session.query('begin');
  try {
    const owner = await readOwner(session, 'for no key update');
    // Somebody may have taken it over, or reset the workflow, since Temporal was asked.
    const isSame = owner?.workflowId === before?.workflowId && owner?.runToken === before?.runToken;
    if (owner && isSame) await closeAbandoned(session, owner, closed);
    await session.query('commit');
    return isSame ? undefined : owner;
  } catch (error) {
    await session.query('rollback');
    throw error;
  }
}

/** @param instead what to do, where the usual advice does not help */
export function lockHeld(holder: LockHolder, instead?: string): ReleaseError {
  const parts = [
    holder.purpose,
    holder.workflowId && `workflow ${holder.workflowId}`,
    holder.since && `since ${holder.since}`,
    holder.pid && `session ${holder.pid}`,
    holder.application && `application ${holder.application}`,
  ].filter(Boolean);
  const advice = holder.workflowId
    ? 'wait until it has ended, or abort it with pp-release abort'
    : `end that session, or let it finish: it holds advisory lock ${ADVISORY_LOCK_KEY}`;
  const message = `the release lock is held by ${parts.join(', ')}; ${instead ?? advice}`;
  return new ReleaseError('LockHeld', message, { holder });
}
