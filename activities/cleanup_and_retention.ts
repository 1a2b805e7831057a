import type { ActivityDeps } from './deps.ts';
import { dropBackup, listBackups, retention } from './live/backups.ts';
import type { ReleaseRef } from './postgres/releases.ts';
import { runPhase } from './step.ts';

/** Phase 11: drops the backups beyond the number that is kept, and marks the release as succeeded. */
export function cleanupAndRetention(deps: ActivityDeps) {
  return (release: ReleaseRef): Promise<{ kept: string[]; dropped: string[] }> =>
    runPhase(deps, release, 'cleanup_and_retention', async (step) => {
      const { kept, dropped } = retention(await step.db.session(listBackups), deps.config.keepBackups);
      for (const stamp of dropped) {
        step.progress(`dropping backup ${stamp}`);
        await step.db.transaction((session) => dropBackup(session, stamp));
      }
      await step.event('retention_done', { kept, dropped });
      await step.setState('succeeded');
      void deps.notify(`Release ${release.label} succeeded and is live`);
      return { kept, dropped };
    });
}
