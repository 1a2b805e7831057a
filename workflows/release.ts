import { CancellationScope } from '@temporalio/workflow';
import type { ReleaseInputJson, ReleaseResult } from '../contracts/index.ts';
import { runImporters } from './import.ts';
import { withLock } from './lock.ts';
import { long, quick } from './proxies.ts';
import { ReleaseRun } from './run.ts';
import { swapToLive } from './swap.ts';

/**
 * A monthly release: 13 phases, in this order. acquire_lock and release_lock stand in `withLock`, because the lock is
 * given back whatever happens between them.
 */
export async function portalRelease(input: ReleaseInputJson): Promise<ReleaseResult> {
  const run = new ReleaseRun(input);
  const { createStagingMaterializedViews, stagingLightweight, allowEmpty = [], acceptShape } = run.input;
  const { importSample: sample } = run.input;

  await withLock(run, async (plan) => {
    const { release } = plan;
    const importers = plan.importers.map(({ name }) => name);

    if (createStagingMaterializedViews) {
      await run.phase('create_staging_materialized_views', () =>
        long.createStagingMaterializedViews(release, { acceptShape }),
      );
    } else run.skip('create_staging_materialized_views', 'the views that are there are used');
    await run.phase('preflight', () => long.preflight(release, { allowEmpty, acceptShape }), 'preflight_ok');
    await run.phase('build_staging', () =>
      long.buildStaging(release, { lightweight: stagingLightweight, importers, acceptShape }),
    );
    await run.phase('import_core', (status) => runImporters(run, plan, 'import_core', status), 'importing');
    await run.phase('import_related', (status) => runImporters(run, plan, 'import_related', status));
    await run.phase(
      'validate_and_manifest',
      () => run.keepManifest(long.validateAndManifest(release, { importers, sample })),
      'validating',
    );
    await run.waiting.forPromote();

    // A dry run may be asked for until the swap has its moment.
    if (!run.dryRun) await run.phase('finalise_swap', (status) => swapToLive(run, plan, status));
    // Staging and manifest stay: a later start at finalise_swap with the same label goes on from here.
    if (run.dryRun) {
      run.skipRest(run.sampled ? 'a sample is not published' : 'dry run');
      run.status.state = await quick.noteDryRun(release);
      return;
    }

    // From COMMIT on nothing stops the release: what is live has to be finished.
    await CancellationScope.nonCancellable(async () => {
      await run.phase('create_portal_downloads_view', () => quick.createPortalDownloadsView(release));
      await run.phase('post_swap', () => long.postSwap(release));
      await run.phase('cleanup_and_retention', () => long.cleanupAndRetention(release), 'succeeded');
    });
  });

  const release = run.plan?.release;
  if (release && run.status.state === 'succeeded') {
    await CancellationScope.nonCancellable(() => run.phase('reset_checkpoints', () => quick.resetCheckpoints(release)));
  }
  return run.result();
}
