import type { LockHolder } from '../../contracts/index.ts';
import type { Session } from './database.ts';

/** Channel on which whoever takes the lock says so. */
export const LOCK_CHANNEL = 'pp_release_lock';

/** Who holds the release lock: the row of pp_release.lock_owner. */
export interface Owner {
  releaseId: number | null;
  workflowId: string;
  runId: string;
  runToken: number;
  /** Scheduled time (ms) of the newest attempt that has become the keeper. */
  keeperToken: number;
  purpose: string;
  since: string;
  keeperPid: number | null;
  keeperBackendStart: string | null;
}

export interface Claimant {
  workflowId: string;
  runId: string;
  /** Scheduled time (ms) of the attempt that claims: a reset run's attempts are later than those of the run before. */
  token: number;
  purpose: string;
}

/** An attempt of one run of a workflow; its token is the attempt's scheduled time (ms). */
export type Attempt = Pick<Claimant, 'workflowId' | 'runId' | 'token'>;

/** True when the attempt is of the owner's run, or of a newer one (a reset). */
export function isOwnedBy(owner: Owner | undefined, { workflowId, runId, token }: Attempt): boolean {
  return owner?.workflowId === workflowId && (owner.runId === runId || owner.runToken <= token);
}

const OWNER = `select release_id::int as "releaseId", workflow_id as "workflowId", run_id as "runId",
  run_token::float8 as "runToken", keeper_token::float8 as "keeperToken", purpose, to_char(since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
  keeper_pid as "keeperPid", keeper_backend_start::text as "keeperBackendStart" from pp_release.lock_owner`;

export async function readOwner(
  session: Session,
  rowLock: '' | 'for no key update' | 'for update' = '',
): Promise<Owner | undefined> {
  const { rows } = await session.query<Owner>(`${OWNER} ${rowLock}`);
  return rows[0];
}

/** `owner` is who the row names before: a run that a reset has ended never becomes the owner again. */
export async function writeOwner(session: Session, claimant: Claimant, owner: Owner | undefined): Promise<void> {
  const { workflowId, runId, token, purpose } = claimant;
  if (owner && owner.runId !== runId) await closeRun(session, owner.runId);
  await session.query(
    `insert into pp_release.lock_owner as o
       (workflow_id, run_id, run_token, keeper_token, purpose, keeper_pid, keeper_backend_start)
     select $1, $2, $3, $3, $4, pid, backend_start from pg_stat_activity where pid = pg_backend_pid()
     on conflict (singleton) do update set
       release_id = case when o.workflow_id = excluded.workflow_id then o.release_id end,
       since = case when o.workflow_id = excluded.workflow_id then o.since else excluded.since end,
       workflow_id = excluded.workflow_id, run_id = excluded.run_id,
       run_token = case when o.run_id = excluded.run_id then greatest(o.run_token, excluded.run_token)
                        else excluded.run_token end,
       keeper_token = excluded.keeper_token,
       purpose = excluded.purpose, keeper_pid = excluded.keeper_pid,
       keeper_backend_start = excluded.keeper_backend_start`,
    [workflowId, runId, token, purpose],
  );
  await session.query(`notify ${LOCK_CHANNEL}`);
}

/** The keeper of an earlier attempt, or of a closed workflow, may linger on a frozen worker: its session ends here. */
export async function endKeeper(session: Session, owner: Owner | undefined): Promise<void> {
  if (!owner?.keeperPid) return;
  await session.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where pid = $1 and backend_start = $2::timestamptz and pid <> pg_backend_pid()`,
    [owner.keeperPid, owner.keeperBackendStart],
  );
}

/**
 * Ends what earlier attempts of a release's steps are doing still: after a reset, or on a frozen worker with locks in hand.
 *
 * @param waitMs how long each may take to end; 0 only tells it to
 */
export async function endAttemptsBefore(
  session: Session,
  releaseId: number,
  token: number,
  waitMs = 10_000,
): Promise<void> {
  await session.query(
    `select pg_terminate_backend(pid, $3) from pg_stat_activity
     where application_name ~ $1 and substring(application_name from '[0-9]+$')::bigint < $2
       and pid <> pg_backend_pid() and datname = current_database()`,
    [`^pp ${releaseId} .* [0-9]+$`, token, waitMs],
  );
}

/** Gives the lock back for good, also where the keeper's session lingers on a frozen worker. */
export async function dropOwner(session: Session, attempt: Attempt): Promise<void> {
  const owner = await readOwner(session);
  if (isOwnedBy(owner, attempt)) {
    await endKeeper(session, owner);
    // A step that hangs on a frozen worker would keep the owner row.
    if (owner?.releaseId) await endAttemptsBefore(session, owner.releaseId, attempt.token, 0);
  }
  // One statement, so that a keeper finds its owner row or this one.
  await session.query(
    `with dropped as (
       delete from pp_release.lock_owner where workflow_id = $1 and (run_id = $2 or run_token <= $3)),
     old as (delete from pp_release.lock_given_back where at < now() - interval '90 days')
     insert into pp_release.lock_given_back (run_id) values ($2) on conflict do nothing`,
    [attempt.workflowId, attempt.runId, attempt.token],
  );
}

/** Whatever this run still does, it does not take the lock. */
export async function closeRun(session: Session, runId: string): Promise<void> {
  await session.query('insert into pp_release.lock_given_back (run_id) values ($1) on conflict do nothing', [runId]);
}

export async function hasGivenBack(session: Session, { runId }: Attempt): Promise<boolean> {
  const { rowCount } = await session.query('select from pp_release.lock_given_back where run_id = $1', [runId]);
  return rowCount !== 0;
}

export function holderOf(owner: Owner): LockHolder {
  const { purpose, workflowId, runId, since } = owner;
  return { purpose, workflowId, runId, since, pid: owner.keeperPid ?? undefined };
}
