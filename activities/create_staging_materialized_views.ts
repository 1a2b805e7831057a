import { ALREADY_SWAPPED } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { requireForeseeable } from './live/foresee.ts';
import { createStagingViews, type ViewCounts, type ViewOptions } from './portal/materialized_views.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { takeStagingOver } from './staging/holder.ts';
import { alreadySwapped, runPhase } from './step.ts';

/** Phase 2: fills the nine staging views from one snapshot of the portal. */
export function createStagingMaterializedViews(deps: ActivityDeps) {
  return (
    release: ReleaseRef,
    { acceptShape }: Pick<ViewOptions, 'acceptShape'> = {},
  ): Promise<{ rows: ViewCounts } | { skipped: string }> =>
    runPhase(deps, release, 'create_staging_materialized_views', async (step) => {
      if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
      await step.db.session((session) =>
        requireForeseeable(session, { acceptShape, keepBackups: deps.config.keepBackups }),
      );
      const rows = await createStagingViews(step.db, {
        acceptShape,
        onView: (view) => step.progress(`filling ${view}`),
        inSameTransaction: (session) => takeStagingOver(session, release),
      });
      await step.event('staging_mvs_created', { rows });
      return { rows };
    });
}
