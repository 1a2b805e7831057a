import { activityInfo, cancellationSignal, cancelled } from '@temporalio/activity';
import { type ImportPhase, importers, needsCsv, views } from '../catalog/index.ts';
import type { ReleaseState } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { TABLES_READ } from './generation/tables_read.ts';
import { type AcquireRequest, awaitLock, endUnheardOf, type LockRequest, openRelease } from './opening.ts';
import { connect, createPool, Database } from './postgres/database.ts';
import { ReleaseError } from './postgres/errors.ts';
import { ADVISORY_LOCK_KEY, KEEPER_PREFIX, takeLock } from './postgres/lock.ts';
import { type Attempt, dropOwner, isOwnedBy, readOwner } from './postgres/owner.ts';
import { type ReleaseRef, refOf } from './postgres/releases.ts';
import { requireAllRows } from './postgres/row_security.ts';
import { requireWritable } from './postgres/session_settings.ts';
import { runPhase, withHeartbeat } from './step.ts';
import { tellPhase } from './telling.ts';

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
  /** True where the release is live already. Histories of earlier versions do not say it. */
  wasLive?: boolean;
  /** As its row has it, then. */
  state?: ReleaseState;
  importers: PlannedImporter[];
  /** Importers that cannot run here, with the reason. */
  leftOut: Record<string, string>;
  /** Budget of the swap for finding a gap between readers, ms. */
  lockTimeoutMs: number;
}

export function lockActivities(deps: ActivityDeps) {
  return {
    /** Holds the advisory lock on a connection of its own until it is cancelled; renews it when the connection breaks. */
    async keepLock(request: LockRequest): Promise<void> {
      const claimant = { ...thisAttempt(), purpose: request.purpose };
      await withHeartbeat(async (progress) => {
        for (let renew = false; ; renew = true) {
          let lose: (error?: Error) => void = () => undefined;
          const lost = new Promise<Error | undefined>((resolve) => {
            lose = resolve;
          });
          const client = await connect(deps.databaseUrl, `${KEEPER_PREFIX}${claimant.token}`, (opened) => {
            opened.once('error', lose).once('end', () => lose());
          });
          try {
            await requireWritable(client);
            await takeLock(client, claimant, deps.howClosed, { renew });
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
     * @throws ReleaseError BadInput for unknown importers and views, NothingToResume, ConfigurationError for tables with hidden rows
     */
    async acquireLock(request: AcquireRequest): Promise<ReleasePlan> {
      refuseUnknown(
        'views',
        request.allowEmpty ?? [],
        views.map(({ name }) => name),
      );
      const { planned, leftOut } = planImporters(request, deps.config.csvDir);
      const { workflowId, runId } = activityInfo().workflowExecution ?? { workflowId: '', runId: '' };
      const pool = createPool(deps.databaseUrl, 1);
      try {
        const db = new Database(pool, { applicationName: `pp acquire ${request.label}`, signal: cancellationSignal() });
        return await withHeartbeat(async () => {
          await awaitLock(db, workflowId, runId);
          await db.session((session) => requireAllRows(session, TABLES_READ));
          const { releaseId, resumed, wasLive, state } = await openRelease(db, request, { workflowId, runId });
          const release = await db.session((session) => refOf(session, releaseId));
          deps.log('info', 'lock_acquired', { phase: 'acquire_lock', release_id: releaseId, label: request.label });
          tellPhase(deps, release, 'acquire_lock', {});
          return {
            release,
            resumed,
            wasLive,
            state,
            importers: planned,
            leftOut,
            lockTimeoutMs: deps.config.lockTimeoutMs,
          };
        });
      } finally {
        await pool.end();
      }
    },

    /** Gives the lock back. Runs after the keeper has ended, and whatever happened before. */
    async releaseLock(release: ReleaseRef): Promise<void> {
      const attempt = thisAttempt();
      const db = new Database(deps.pool, { applicationName: `pp release ${release.label}` });
      const owner = await db.session((session) => readOwner(session));
      // A retry after a lost answer finds the lock given back, or another's by now; and a run that was refused its release (a
      // reset, too late) still has the lock to give back.
      if (isOwnedBy(owner, attempt) && owner?.releaseId === release.releaseId) {
        await runPhase(deps, release, 'release_lock', (step) =>
          step.event('lock_released', { key: ADVISORY_LOCK_KEY }),
        );
      }
      await db.session((session) => dropOwner(session, attempt));
    },

    /**
     * For a run that does not know its release: whatever its keeper wrote goes. It may have opened one all the same, and been
     * stopped before it heard so: that one ends as the run does.
     */
    async dropClaim(ending?: { state: 'aborted' | 'failed'; error?: string }): Promise<void> {
      const attempt = thisAttempt();
      const db = new Database(deps.pool, { applicationName: 'pp drop claim' });
      if (ending) await db.transaction((session) => endUnheardOf(session, attempt, ending));
      await db.session((session) => dropOwner(session, attempt));
    },
  };
}

function thisAttempt(): Attempt {
  const { workflowExecution, currentAttemptScheduledTimestampMs: token } = activityInfo();
  return { workflowId: workflowExecution?.workflowId ?? '', runId: workflowExecution?.runId ?? '', token };
}

/**
 * The importers of this release, in the catalog's order; unknown names are refused, never ignored. Skip wins. Where no
 * folder of CSV files is configured, importers that need one are left out; one that was asked for by name is refused.
 */
function planImporters(
  { importOnly: only, importSkip: skip }: AcquireRequest,
  csvDir: string | undefined,
): { planned: PlannedImporter[]; leftOut: Record<string, string> } {
  refuseUnknown(
    'importers',
    [...(only ?? []), ...(skip ?? [])],
    importers.map(({ name }) => name),
  );
  const wanted = importers.filter(({ name }) => (!only || only.includes(name)) && !skip?.includes(name));
  const without = csvDir === undefined ? wanted.filter(needsCsv) : [];
  if (only && without.length > 0) {
    const names = without.map(({ name }) => name).join(', ');
    const message = `the importers ${names} read CSV files, and this worker has no folder of them: set PP_CSV_DIR where it runs`;
    throw new ReleaseError('BadInput', message, { importers: names });
  }
  const planned = wanted.filter((importer) => !without.includes(importer));
  return {
    planned: planned.map(({ name, phase, after }) => ({ name, phase, after: after ?? [] })),
    leftOut: Object.fromEntries(without.map(({ name }) => [name, 'PP_CSV_DIR is not set: live keeps what it has'])),
  };
}

function refuseUnknown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const message = `unknown ${what}: ${unknown.join(', ')}; known are ${known.join(', ')}`;
  throw new ReleaseError('BadInput', message, { unknown });
}
