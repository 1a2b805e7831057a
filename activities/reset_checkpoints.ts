import type { ActivityDeps } from './deps.ts';
import { Database } from './postgres/database.ts';
import { type ReleaseRef, recordEvent } from './postgres/releases.ts';
import { withHeartbeat } from './step.ts';
import { tellPhase } from './telling.ts';

/**
 * Phase 13: clears the importers' completion marks. It comes after the lock was given back, so it touches rows of its own
 * release only, and not when a resume of it has the lock by now.
 */
export function resetCheckpoints(deps: ActivityDeps) {
  return (release: ReleaseRef): Promise<{ cleared: number }> =>
    withHeartbeat(async () => {
      const db = new Database(deps.pool, { applicationName: `pp ${release.releaseId} reset_checkpoints` });
      const cleared = await db.transaction(async (session) => {
        const { rowCount } = await session.query(
          `delete from pp_release.import_marks where release_id = $1
           and not exists (select from pp_release.lock_owner where release_id = $1)`,
          [release.releaseId],
        );
        await recordEvent(session, release.releaseId, 'checkpoints_reset', {
          phase: 'reset_checkpoints',
          cleared: rowCount,
        });
        return rowCount ?? 0;
      });
      deps.log('info', 'checkpoints_reset', {
        phase: 'reset_checkpoints',
        release_id: release.releaseId,
        label: release.label,
        cleared,
      });
      tellPhase(deps, release, 'reset_checkpoints', {});
      return { cleared };
    });
}
