import { buildStaging } from './build_staging.ts';
import { cleanupAndRetention } from './cleanup_and_retention.ts';
import { createPortalDownloadsView } from './create_portal_downloads_view.ts';
import { createStagingMaterializedViews } from './create_staging_materialized_views.ts';
import type { ActivityDeps } from './deps.ts';
import { endActivities } from './end_release.ts';
import { swapActivities } from './finalise_swap.ts';
import { importActivities } from './import_phases.ts';
import { lockActivities } from './lock_phases.ts';
import { postSwap } from './post_swap.ts';
import { preflight } from './preflight.ts';
import { probeActivities } from './probe.ts';
import { resetCheckpoints } from './reset_checkpoints.ts';
import { rollbackActivities } from './rollback.ts';
import { validateAndManifest } from './validate_and_manifest.ts';
import { waitingActivities } from './waiting.ts';

/** All activities of a worker, with what they need. Workflows know their types only. */
export function createActivities(deps: ActivityDeps) {
  return {
    ...lockActivities(deps),
    createStagingMaterializedViews: createStagingMaterializedViews(deps),
    preflight: preflight(deps),
    buildStaging: buildStaging(deps),
    ...importActivities(deps),
    validateAndManifest: validateAndManifest(deps),
    ...swapActivities(deps),
    createPortalDownloadsView: createPortalDownloadsView(deps),
    postSwap: postSwap(deps),
    cleanupAndRetention: cleanupAndRetention(deps),
    resetCheckpoints: resetCheckpoints(deps),
    ...endActivities(deps),
    ...waitingActivities(deps),
    ...rollbackActivities(deps),
    ...probeActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
export type { ReleasePlan } from './lock_phases.ts';
export type { ReleaseRef } from './postgres/releases.ts';
export type { ImportResult } from './staging/importer.ts';
export type { AnswerReport, WaitingReport } from './waiting.ts';
