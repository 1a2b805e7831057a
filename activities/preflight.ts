import { views } from '../catalog/index.ts';
import { ALREADY_SWAPPED } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { requireForeseeable } from './live/foresee.ts';
import { indexStagingViews, type ViewCounts } from './portal/materialized_views.ts';
import { preflight as checkViews, type PreflightOptions } from './portal/preflight.ts';
import { mergeStats, type ReleaseRef } from './postgres/releases.ts';
import { alreadySwapped, runPhase, type Step } from './step.ts';

/** Phase 3: checks what the portal gave, then indexes the views, whose keys are unique by now. */
export function preflight(deps: ActivityDeps) {
  return (release: ReleaseRef, options: PreflightOptions): Promise<{ rows: ViewCounts } | { skipped: string }> =>
    runPhase(deps, release, 'preflight', async (step) => {
      if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
      await step.db.session((session) =>
        requireForeseeable(session, { ...options, keepBackups: deps.config.keepBackups }),
      );
      step.progress('checking the views');
      const rows = await checkAndIndex(step, options);
      step.progress('indexing the views');
      await indexStagingViews(step.db, { unique: true });
      const counted = views.flatMap(({ name, countedAs }) => (countedAs ? [[countedAs, rows[name]]] : []));
      const sourceCounts = Object.fromEntries(counted);
      await step.db.transaction((session) => mergeStats(session, release.releaseId, { source_counts: sourceCounts }));
      await step.setState('preflight_ok');
      await step.event('preflight_ok', sourceCounts);
      return { rows };
    });
}

/** The one reads geometry and the other sorts keys. Both have ended before an error is told. */
async function checkAndIndex(step: Step, options: PreflightOptions): Promise<ViewCounts> {
  const indexed = indexStagingViews(step.db, { unique: false });
  const [checks, indexes] = await Promise.allSettled([checkViews(step.db, options), indexed]);
  if (checks.status === 'rejected') throw checks.reason;
  if (indexes.status === 'rejected') throw indexes.reason;
  return checks.value;
}
