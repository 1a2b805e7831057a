import { type Mode, type Phase, type ReleaseState, resumesStaging } from '../contracts/index.ts';
import type { Database, Session } from './postgres/database.ts';
import { ReleaseError } from './postgres/errors.ts';
import { ADVISORY_LOCK_KEY } from './postgres/lock.ts';
import { LOCK_CHANNEL, readOwner } from './postgres/owner.ts';
import {
  findRelease,
  insertRelease,
  type ReleaseRef,
  type ReleaseRow,
  recordEvent,
  refOf,
  setState,
} from './postgres/releases.ts';
import { stagingHolder } from './staging/holder.ts';

export interface LockRequest {
  label: string;
  /** What a refused rival is told that the lock is held for. */
  purpose: string;
}

export interface AcquireRequest extends LockRequest {
  mode: Mode;
  startAt?: Phase | undefined;
  stopAfter?: Phase | undefined;
  onlyPhases?: readonly Phase[] | undefined;
  importOnly?: readonly string[] | undefined;
  importSkip?: readonly string[] | undefined;
  allowEmpty?: readonly string[] | undefined;
  /** Run id of the workflow's first run, which its release is known by: a reset has a new one. */
  firstRunId: string;
}

/** The owner row is announced, so nobody has to ask again and again. */
export async function awaitLock(db: Database, workflowId: string, runId: string): Promise<void> {
  await db.session(async (session) => {
    let announced: () => void = () => undefined;
    let lose: (error: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      lose = reject;
    });
    // It is heard where it is raced against; a connection that is lost before that fails the statement in flight, too.
    lost.catch(() => undefined);
    const onEnd = () => lose(new Error('Connection terminated while waiting for the release lock'));
    const onNotification = () => announced();
    session.on('notification', onNotification).on('error', lose).on('end', onEnd);
    try {
      await session.query(`listen ${LOCK_CHANNEL}`);
      for (;;) {
        const next = new Promise<void>((resolve) => {
          announced = resolve;
        });
        const owner = await readOwner(session);
        if (owner?.workflowId === workflowId && owner.runId === runId) return;
        await Promise.race([next, lost, aborted(db.signal)]);
      }
    } finally {
      session.off('notification', onNotification).off('error', lose).off('end', onEnd);
    }
  });
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

interface Opened {
  releaseId: number;
  resumed: boolean;
}

/** The release that a run has opened, as it stands then. */
export interface OpenedRelease extends Opened {
  /** True where it is current already: up to the swap there is nothing to do. */
  wasLive: boolean;
  state: ReleaseState;
}

export async function openRelease(
  db: Database,
  request: AcquireRequest,
  workflow: { workflowId: string; runId: string },
): Promise<OpenedRelease> {
  return db.transaction(async (session) => {
    const opened = await openIn(session, request, workflow);
    const row = await findRelease(session, { id: opened.releaseId });
    if (!row) throw new Error(`release ${opened.releaseId} is not there`);
    return { ...opened, wasLive: row.is_current, state: row.state };
  });
}

async function openIn(
  session: Session,
  request: AcquireRequest,
  workflow: { workflowId: string; runId: string },
): Promise<Opened> {
  const { rows } = await session.query<{ release_id: number | null }>(
    'select release_id::int from pp_release.lock_owner where workflow_id = $1 and run_id = $2 for update',
    [workflow.workflowId, workflow.runId],
  );
  if (!rows[0]) throw new ReleaseError('Fenced', 'another run has taken the release lock over');
  // A retry after a lost answer, or a reset, finds the row that the workflow has already.
  if (rows[0].release_id !== null)
    return { releaseId: rows[0].release_id, resumed: await wasResumed(session, rows[0].release_id) };
  const reset = await findRelease(session, { workflowId: workflow.workflowId, runId: request.firstRunId });
  if (reset) return { releaseId: reset.id, resumed: true };
  const resumable = resumesAny(request) ? await findRelease(session, { label: request.label }) : undefined;
  if (resumable) await requireNotSuperseded(session, resumable);
  if (!resumable && resumesStaging(request)) throw nothingToResume(request, await stagingHolder(session));
  const releaseId =
    resumable?.id ??
    (await insertRelease(session, { ...request, workflowId: workflow.workflowId, runId: request.firstRunId }));
  if (resumable) {
    await session.query(
      `update releases set workflow_id = $2, run_id = $3, mode = $4, error_text = null,
         state = case when state not in ('failed', 'aborted', 'rolled_back') then state
                      when is_current then 'swapped' else 'started' end,
         updated_at = clock_timestamp() at time zone 'utc' where id = $1`,
      [releaseId, workflow.workflowId, request.firstRunId, request.mode],
    );
  }
  await session.query('update pp_release.lock_owner set release_id = $1', [releaseId]);
  await recordEvent(session, releaseId, 'lock_acquired', {
    phase: 'acquire_lock',
    key: ADVISORY_LOCK_KEY,
    resumed: Boolean(resumable),
  });
  return { releaseId, resumed: Boolean(resumable) };
}

async function wasResumed(session: Session, releaseId: number): Promise<boolean> {
  const { rows } = await session.query<{ resumed: boolean }>(
    `select (payload_json ->> 'resumed')::boolean as resumed from release_events
     where release_id = $1 and phase = 'lock_acquired' order by id desc limit 1`,
    [releaseId],
  );
  return rows[0]?.resumed ?? false;
}

/**
 * What was live once and has been followed by another is a backup, or gone: it is rolled back to, and not built again. (One
 * that was rolled back itself has not been followed.)
 */
async function requireNotSuperseded(session: Session, { id, label, backup_stamp }: ReleaseRow): Promise<void> {
  const { rowCount } = await session.query(
    `select from pp_release.generations own, pp_release.generations later join releases r on r.id = later.release_id
     where own.release_id = $1 and r.is_current and later.first_live_at > own.first_live_at`,
    [id],
  );
  if (rowCount === 0) return;
  const what = backup_stamp
    ? `it is kept as backup ${backup_stamp}: make it live again with pp-release rollback ${backup_stamp}`
    : 'its backup is gone';
  const message = `release ${id} (${label}) was live and another has followed it; ${what}, or start ${label} anew without --start-at and --only-phases`;
  throw new ReleaseError('NothingToResume', message, { releaseId: id, backup: backup_stamp });
}

/** A release that was opened for a run which was stopped before it heard of it: nothing else was done for it yet. */
export async function endUnheardOf(
  session: Session,
  { workflowId }: { workflowId: string },
  { state, error }: { state: 'aborted' | 'failed'; error?: string },
): Promise<void> {
  const owner = await readOwner(session);
  if (owner?.workflowId !== workflowId || owner.releaseId === null) return;
  const release = await findRelease(session, { id: owner.releaseId, workflowId });
  if (release?.state !== 'started') return;
  await setState(session, release.id, state, error);
  await recordEvent(session, release.id, state === 'aborted' ? 'aborted' : 'exception', {
    phase: 'acquire_lock',
    error,
  });
}

function resumesAny({ startAt, onlyPhases }: AcquireRequest): boolean {
  return startAt !== undefined || onlyPhases !== undefined;
}

function nothingToResume(
  request: AcquireRequest,
  holder: { label: string; releaseId: number } | undefined,
): ReleaseError {
  const what = holder ? `staging holds release ${holder.releaseId} (${holder.label})` : 'there is no staging';
  return new ReleaseError(
    'NothingToResume',
    `no release is called ${request.label}, so there is nothing to go on with (${what}); start it without startAt and onlyPhases, or from build_staging`,
  );
}

/** A rollback works for the release that is current; none is when nothing was ever released. */
export async function adoptRelease(
  db: Database,
  workflow: { workflowId: string; runId: string },
): Promise<ReleaseRef | undefined> {
  return db.transaction(async (session) => {
    const { rows } = await session.query<{ id: number }>(
      `update pp_release.lock_owner o set release_id = coalesce(o.release_id, (select id from releases where is_current))
       where workflow_id = $1 and run_id = $2 returning release_id::int as id`,
      [workflow.workflowId, workflow.runId],
    );
    const [owner] = rows;
    if (!owner) throw new ReleaseError('Fenced', 'another run has taken the release lock over');
    return owner.id === null ? undefined : refOf(session, owner.id);
  });
}
