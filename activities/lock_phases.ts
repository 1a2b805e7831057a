import { activityInfo, cancellationSignal, cancelled } from '@temporalio/activity';
import pg from 'pg';
import { type ImportPhase, importers } from '../catalog/index.ts';
import { type Mode, type Phase, resumesStaging } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { createPool, Database } from './postgres/database.ts';
import { ReleaseError } from './postgres/errors.ts';
import { ADVISORY_LOCK_KEY, dropOwner, LOCK_CHANNEL, readOwner, takeLock } from './postgres/lock.ts';
import { findRelease, insertRelease, type ReleaseRef, recordEvent, refOf } from './postgres/releases.ts';
import { stagingHolder } from './staging/holder.ts';
import { runPhase, withHeartbeat } from './step.ts';

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
}

export interface PlannedImporter {
  name: string;
  phase: ImportPhase;
  after: readonly string[];
}

/** What acquire_lock answers: history records it, so that a change of the catalog does not break a release under way. */
export interface ReleasePlan {
  release: ReleaseRef;
  /** True when the run goes on with the row, and perhaps the staging, of an earlier one. */
  resumed: boolean;
  importers: PlannedImporter[];
  /** Budget of the swap for finding a gap between readers, ms. */
  lockTimeoutMs: number;
}

export function lockActivities(deps: ActivityDeps) {
  return {
    /** Holds the advisory lock on a connection of its own until it is cancelled; renews it when the connection breaks. */
    async keepLock(request: LockRequest): Promise<void> {
      const { workflowExecution, currentAttemptScheduledTimestampMs } = activityInfo();
      const claimant = {
        workflowId: workflowExecution?.workflowId ?? '',
        runId: workflowExecution?.runId ?? '',
        token: currentAttemptScheduledTimestampMs,
        purpose: request.purpose,
      };
      await withHeartbeat(async (progress) => {
        for (let renew = false; ; renew = true) {
          const client = new pg.Client({
            connectionString: deps.databaseUrl,
            application_name: `pp keeper ${claimant.token}`,
            keepAlive: true,
          });
          const lost = new Promise<Error | undefined>((resolve) => {
            client.once('error', resolve);
            client.once('end', () => resolve(undefined));
          });
          try {
            await client.connect();
            await client.query(`set client_connection_check_interval = '1s'`);
            await takeLock(client, claimant, deps.isWorkflowRunning, { renew });
            progress('holding the release lock');
            const error = await Promise.race([lost, cancelled()]);
            deps.log('warn', 'lock_connection_lost', {
              label: request.label,
              error_message: error?.message ?? 'closed',
            });
          } finally {
            await client.end();
          }
        }
      });
    },

    /**
     * Waits until the keeper holds the lock, then opens the release: a new row, or the row that a resume goes on with.
     *
     * @throws ReleaseError BadInput for unknown importers, NothingToResume
     */
    async acquireLock(request: AcquireRequest): Promise<ReleasePlan> {
      const planned = planImporters(request.importOnly, request.importSkip);
      const { workflowId, runId } = activityInfo().workflowExecution ?? { workflowId: '', runId: '' };
      const pool = createPool(deps.databaseUrl, 1);
      try {
        const db = new Database(pool, { applicationName: `pp acquire ${request.label}`, signal: cancellationSignal() });
        return await withHeartbeat(async () => {
          await ownLock(db, workflowId, runId);
          const { releaseId, resumed } = await openRelease(db, request, { workflowId, runId });
          const release = await db.session((session) => refOf(session, releaseId));
          deps.log('info', 'lock_acquired', { phase: 'acquire_lock', release_id: releaseId, label: request.label });
          return { release, resumed, importers: planned, lockTimeoutMs: deps.config.lockTimeoutMs };
        });
      } finally {
        await pool.end();
      }
    },

    /** Gives the lock back. Runs after the keeper has ended, and whatever happened before. */
    async releaseLock(release: ReleaseRef): Promise<void> {
      const { workflowId } = activityInfo().workflowExecution ?? { workflowId: '' };
      const db = new Database(deps.pool, { applicationName: `pp release ${release.label}` });
      // A retry after a lost answer finds the lock given back, or another's by now.
      if ((await db.session((session) => readOwner(session)))?.workflowId !== workflowId) return;
      await runPhase(deps, release, 'release_lock', (step) => step.event('lock_released', { key: ADVISORY_LOCK_KEY }));
      await db.session((session) => dropOwner(session, workflowId));
    },

    /** For a release that never got a row: whatever its keeper wrote goes. */
    async dropClaim(): Promise<void> {
      const { workflowId } = activityInfo().workflowExecution ?? { workflowId: '' };
      const db = new Database(deps.pool, { applicationName: 'pp drop claim' });
      await db.session((session) => dropOwner(session, workflowId));
    },
  };
}

/** The owner row is announced, so nobody has to ask again and again. */
async function ownLock(db: Database, workflowId: string, runId: string): Promise<void> {
  await db.session(async (session) => {
    await session.query(`listen ${LOCK_CHANNEL}`);
    let announced: () => void = () => undefined;
    session.on('notification', () => announced());
    for (;;) {
      const next = new Promise<void>((resolve) => {
        announced = resolve;
      });
      const owner = await readOwner(session);
      if (owner?.workflowId === workflowId && owner.runId === runId) return;
      await Promise.race([next, aborted(db.signal)]);
    }
  });
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** The importers of this release, in the catalog's order; unknown names are refused, never ignored. Skip wins. */
function planImporters(only: readonly string[] | undefined, skip: readonly string[] | undefined): PlannedImporter[] {
  const known = importers.map((importer) => importer.name);
  const unknown = [...(only ?? []), ...(skip ?? [])].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ReleaseError('BadInput', `unknown importers: ${unknown.join(', ')}; known are ${known.join(', ')}`, {
      unknown,
    });
  }
  return importers
    .filter(({ name }) => (!only || only.includes(name)) && !skip?.includes(name))
    .map(({ name, phase, after }) => ({ name, phase, after: after ?? [] }));
}

interface Opened {
  releaseId: number;
  resumed: boolean;
}

async function openRelease(
  db: Database,
  request: AcquireRequest,
  workflow: { workflowId: string; runId: string },
): Promise<Opened> {
  return db.transaction(async (session) => {
    const { rows } = await session.query<{ release_id: number | null }>(
      'select release_id::int from pp_release.lock_owner where workflow_id = $1 and run_id = $2 for update',
      [workflow.workflowId, workflow.runId],
    );
    if (!rows[0]) throw new ReleaseError('Fenced', 'another run has taken the release lock over');
    // A retry after a lost answer, or a reset, finds the row that the workflow has already.
    if (rows[0].release_id !== null) return { releaseId: rows[0].release_id, resumed: false };
    const resumable = resumesAny(request) ? await findRelease(session, { label: request.label }) : undefined;
    if (!resumable && resumesStaging(request)) throw nothingToResume(request, await stagingHolder(session));
    const releaseId = resumable?.id ?? (await insertRelease(session, { ...request, ...workflow }));
    if (resumable) {
      await session.query(
        'update releases set workflow_id = $2, run_id = $3, mode = $4, error_text = null where id = $1',
        [releaseId, workflow.workflowId, workflow.runId, request.mode],
      );
    }
    await session.query('update pp_release.lock_owner set release_id = $1', [releaseId]);
    await recordEvent(session, releaseId, 'lock_acquired', {
      phase: 'acquire_lock',
      key: ADVISORY_LOCK_KEY,
      resumed: Boolean(resumable),
    });
    return { releaseId, resumed: Boolean(resumable) };
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
