import type { Database, Fence, Session } from './database.ts';
import { ReleaseError } from './errors.ts';
import { closeRun, endAttemptsBefore, isOwnedBy, type Owner, readOwner } from './owner.ts';

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
  const ours = (owner: Owner | undefined): Owner => {
    const hasIt = owner?.releaseId === releaseId || owner?.releaseId === null;
    if (owner && hasIt && isOwnedBy(owner, { workflowId, runId, token })) return owner;
    const by = owner ? `it is held for ${owner.purpose} (workflow ${owner.workflowId}) now` : 'nobody holds it now';
    throw fenced(`release ${releaseId} no longer holds the release lock, ${by}`, { releaseId, runId, token, step });
  };
  const owner = ours(await readOwner(session));
  if (owner.releaseId === releaseId && owner.runId === runId) return;
  if (owner.runId !== runId) await endAttemptsBefore(session, releaseId, token);
  // From here on nobody else becomes the owner; and nothing of the run before is on its way to a COMMIT.
  const held = ours(await readOwner(session, owner.runId === runId ? 'for no key update' : 'for update'));
  if (held.releaseId === null) await requireNotOver(session, { releaseId, runId, token, step });
  if (held.runId !== runId) await closeRun(session, held.runId);
  await session.query(
    `update pp_release.lock_owner set release_id = $1, run_id = $2,
       run_token = case when run_id = $2 then run_token else $3 end`,
    [releaseId, runId, token],
  );
}

/**
 * A reset of a workflow that had ended took the lock anew, but knows its release from its history: it goes on with it.
 *
 * @throws ReleaseError Fenced when the release was live and is not any more: to swap it again would undo what came after it
 */
async function requireNotOver(session: Session, fence: Fence): Promise<void> {
  const { rows } = await session.query<{ label: string; over: boolean }>(
    `select label, not is_current and exists (select from pp_release.generations where release_id = r.id) as over
     from releases r where id = $1`,
    [fence.releaseId],
  );
  const [row] = rows;
  if (!row) throw fenced(`there is no release ${fence.releaseId}`, fence);
  if (row.over) {
    throw fenced(`release ${fence.releaseId} (${row.label}) was live and was rolled back or superseded since`, fence);
  }
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
