import { CancellationScope, setHandler } from '@temporalio/workflow';
import {
  type CleanupInputJson,
  cleanupInputSchema,
  type RollbackInputJson,
  type RollbackResult,
  type RollbackStatus,
  rollbackInputSchema,
} from '../contracts/index.ts';
import { rollbackStatusQuery } from './messages.ts';
import { checked, underLock } from './operation.ts';
import { lasting, long, swap } from './proxies.ts';
import { orCommitted, tryInRounds } from './swap.ts';

/**
 * Rollback to a kept backup: under the lock the backup becomes live again and what was live becomes staging, from where
 * it can be promoted again. All or nothing.
 */
export async function portalRollback(raw: RollbackInputJson): Promise<RollbackResult> {
  const input = checked(rollbackInputSchema, raw);
  const status: RollbackStatus = { stamp: input.stamp, step: 'acquire_lock' };
  setHandler(rollbackStatusQuery, () => status);

  return underLock('rollback', `rollback to ${input.stamp}`, async ({ release, lockTimeoutMs }, operation) => {
    status.step = 'prepare';
    await long.prepareRollback(release, input);
    status.step = 'change';
    const rounds = tryInRounds(
      lockTimeoutMs,
      (patient) => swap.attemptRollback(release, { ...input, patient }),
      (blockers) => {
        status.lastBlockers = blockers;
      },
      `, then type pp-release rollback ${input.stamp}`,
    );
    const done = await orCommitted<{ outcome: string; lockWindowMs?: number }>(rounds, () =>
      lasting.findRollback(release, input),
    );
    operation.commit(`the rollback was committed before the abort arrived: backup ${input.stamp} is live`);
    status.step = 'finish';
    await CancellationScope.nonCancellable(() => long.finishRollback(release));
    status.step = 'done';
    return {
      releaseId: release.releaseId,
      label: release.label,
      stamp: input.stamp,
      lockWindowMs: done.lockWindowMs,
    };
  });
}

/** Drops all backups but the newest ones, under the lock. */
export async function portalBackupCleanup(raw: CleanupInputJson): Promise<{ kept: string[]; dropped: string[] }> {
  const input = checked(cleanupInputSchema, raw);
  return underLock('cleanup', 'cleanup of backups', ({ release }) => long.cleanBackups(release, input));
}
