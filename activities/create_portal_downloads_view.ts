import type { ActivityDeps } from './deps.ts';
import { ensureDownloadsView } from './live/downloads.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { runPhase } from './step.ts';

/** Phase 9: the swap has switched the view already; this proves it, and builds it where none is there. */
export function createPortalDownloadsView(deps: ActivityDeps) {
  return (release: ReleaseRef): Promise<{ rows: number; built: boolean }> =>
    runPhase(deps, release, 'create_portal_downloads_view', async (step) => {
      const result = await ensureDownloadsView(step.db);
      await step.event('portal_downloads_view_created', result);
      return result;
    });
}
