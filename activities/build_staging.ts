import { importers } from '../catalog/index.ts';
import { ALREADY_SWAPPED } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { buildStaging as build } from './staging/build.ts';
import { alreadySwapped, runPhase } from './step.ts';

export interface BuildRequest {
  lightweight: boolean;
  importers: readonly string[];
  acceptShape?: boolean | undefined;
}

/** Phase 4: makes the staging tables anew. */
export function buildStaging(deps: ActivityDeps) {
  return (
    release: ReleaseRef,
    request: BuildRequest,
  ): Promise<{ copied: Record<string, number> } | { skipped: string }> =>
    runPhase(deps, release, 'build_staging', async (step) => {
      if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
      const filled = importers.filter(({ name }) => request.importers.includes(name)).flatMap(({ fills }) => fills);
      const copied = await build(step.db, {
        releaseId: release.releaseId,
        lightweight: request.lightweight,
        acceptShape: request.acceptShape,
        imported: new Set(filled),
      });
      await step.event('staging_prepared', { copied, lightweight: request.lightweight });
      return { copied };
    });
}
