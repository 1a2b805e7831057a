import type { ActivityDeps } from './deps.ts';
import { vacuumLive } from './live/vacuum.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { runPhase } from './step.ts';

/** Phase 10: VACUUM ANALYZE of what was swapped, outside any transaction. */
export function postSwap(deps: ActivityDeps) {
  return (release: ReleaseRef): Promise<{ relations: number }> =>
    runPhase(deps, release, 'post_swap', async (step) => {
      const seconds = await vacuumLive(step.db, (relation) => step.progress(`vacuum ${relation}`));
      await step.event('post_swap_cleanup_done', { vacuum_seconds: seconds });
      return { relations: Object.keys(seconds).length };
    });
}
