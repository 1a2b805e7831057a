import type { Database, Fence, Session } from './database.ts';
import { ReleaseError } from './errors.ts';
import { readOwner } from './lock.ts';

/** application_name of a step's sessions: a later attempt finds the earlier ones by it. At most 63 bytes. */
export function stepApplicationName({ releaseId, step, token }: Omit<Fence, 'runId'>): string {
  return `${stepPrefix(releaseId, step)}${token}`;
}

function stepPrefix(releaseId: number, step: string): string {
  return `pp ${releaseId} ${step.slice(0, 36)} `;
}

/**
 * Makes an attempt the only one of its step that may change anything: ends the sessions of earlier attempts, writes its
 * token, and ends what slipped in between.
 *
 * @throws ReleaseError Fenced when a later attempt, or another run, is there already
 */
export async function claimStep(db: Database, fence: Fence, workflowId: string): Promise<void> {
  const { releaseId, step, token } = fence;
  await endEarlierAttempts(db, fence);
  await db.session(async (session) => {
    await session.query('begin');
    await joinRun(session, fence, workflowId);
    const claim = await session.query(
      `insert into pp_release.fence as f (release_id, step, token) values ($1, $2, $3)
       on conflict (release_id, step) do update set token = excluded.token, claimed_at = clock_timestamp()
       where f.token <= excluded.token`,
      [releaseId, step, token],
    );
    if (claim.rowCount !== 1) throw fenced(`a later attempt of step ${step} has taken over`, fence);
    await session.query('commit');
  });
  await endEarlierAttempts(db, fence);
}

/**
 * A reset gives the workflow a new run while attempts of the old one may still be at work: the first claim of the new
 * run makes it the owner, and ends whatever is older than itself.
 */
async function joinRun(session: Session, { releaseId, runId, token, step }: Fence, workflowId: string): Promise<void> {
  const owner = await readOwner(session);
  if (
    owner?.workflowId !== workflowId ||
    owner.releaseId !== releaseId ||
    (owner.runId !== runId && owner.runToken > token)
  ) {
    throw fenced(`release ${releaseId} no longer holds the release lock`, { releaseId, runId, token, step });
  }
  if (owner.runId === runId) return;
  await session.query(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
     where application_name ~ $1 and substring(application_name from '[0-9]+$')::bigint < $2 and pid <> pg_backend_pid() and datname = current_database()`,
    [`^pp ${releaseId} .* [0-9]+$`, token],
  );
  await session.query('select from pp_release.lock_owner for update');
  await session.query('update pp_release.lock_owner set run_id = $1, run_token = $2', [runId, token]);
}

/** A terminated session rolls back, so the next statement finds the state before it. */
async function endEarlierAttempts(db: Database, { releaseId, step, token }: Fence): Promise<void> {
  await db.query(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
     where starts_with(application_name, $1) and pid <> pg_backend_pid() and datname = current_database()
       and substr(application_name, length($1) + 1) ~ '^[0-9]+$'
       and substr(application_name, length($1) + 1)::bigint < $2`,
    [stepPrefix(releaseId, step), token],
  );
}

function fenced(reason: string, fence: Fence): ReleaseError {
  return new ReleaseError('Fenced', `${reason}; this attempt changes nothing`, { ...fence });
}
