import { ApplicationFailure, CancellationScope, isCancellation, setHandler } from '@temporalio/workflow';
import type { ReleaseRef } from '../activities/index.ts';
import {
  type CleanupInputJson,
  cleanupInputSchema,
  parseInput,
  type RollbackInputJson,
  type RollbackResult,
  type RollbackStatus,
  rollbackInputSchema,
} from '../contracts/index.ts';
import { Admissions } from './admissions.ts';
import { describeFailure } from './failure.ts';
import { LockKeeper } from './lock.ts';
import { admittedUpdate, rollbackStatusQuery } from './messages.ts';
import { long, quick, swap } from './proxies.ts';
import { tryInRounds } from './swap.ts';

/**
 * Rollback to a kept backup: under the lock the backup becomes live again and what was live becomes staging, from where
 * it can be promoted again. All or nothing.
 */
export async function portalRollback(raw: RollbackInputJson): Promise<RollbackResult> {
  const input = checked(rollbackInputSchema, raw);
  const status: RollbackStatus = { stamp: input.stamp, step: 'acquire_lock' };
  setHandler(rollbackStatusQuery, () => status);

  return underLock(`rollback to ${input.stamp}`, async (release, lockTimeoutMs) => {
    status.step = 'prepare';
    await long.prepareRollback(release, input);
    status.step = 'change';
    const done = await tryInRounds(
      lockTimeoutMs,
      (patient) => swap.attemptRollback(release, { ...input, patient }),
      (blockers) => {
        status.lastBlockers = blockers;
      },
    );
    status.step = 'finish';
    await CancellationScope.nonCancellable(() => long.finishRollback(release));
    status.step = 'done';
    return {
      releaseId: release.releaseId,
      label: release.label,
      stamp: input.stamp,
      lockWindowMs: 'lockWindowMs' in done ? done.lockWindowMs : undefined,
    };
  });
}

/** Drops all backups but the newest ones, under the lock. */
export async function portalBackupCleanup(raw: CleanupInputJson): Promise<{ kept: string[]; dropped: string[] }> {
  const input = checked(cleanupInputSchema, raw);
  return underLock('cleanup of backups', (release) => long.cleanBackups(release, input));
}

function checked<S extends Parameters<typeof parseInput>[0]>(schema: S, raw: unknown) {
  const parsed = parseInput(schema, raw);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not right: ${parsed.problems.join('; ')}`,
    'BadInput',
    parsed.problems,
  );
}

/** Holds the lock in the name of the release that is current, and gives it back whatever happens. */
async function underLock<T>(
  purpose: string,
  work: (release: ReleaseRef, lockTimeoutMs: number) => Promise<T>,
): Promise<T> {
  const admissions = new Admissions();
  setHandler(admittedUpdate, () => admissions.answer());
  const scope = new CancellationScope();
  const lock = new LockKeeper({ label: purpose, purpose }, () => scope.cancel());
  let release: ReleaseRef | undefined;
  try {
    return await scope.run(async () => {
      const acquired = await quick.acquireLockForCurrent();
      release = acquired.release;
      admissions.admit({ admitted: true, releaseId: release.releaseId });
      return work(release, acquired.lockTimeoutMs);
    });
  } catch (error) {
    const cause = lock.failure ?? error;
    admissions.refuse(cause);
    const failed = release;
    const failure = describeFailure(cause);
    // Fenced: another run is at work for that release, or it is over.
    if (failed && !isCancellation(cause) && failure.type !== 'Fenced') {
      await CancellationScope.nonCancellable(() => quick.noteRollbackFailed(failed, failure));
    }
    throw cause;
  } finally {
    await CancellationScope.nonCancellable(async () => {
      await lock.stop();
      await quick.dropClaim();
      await admissions.allAnswered();
    });
  }
}
