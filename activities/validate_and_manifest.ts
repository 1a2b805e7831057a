import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALREADY_SWAPPED, type ManifestSummary } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { mergeStats, type ReleaseRef } from './postgres/releases.ts';
import { manifestUrl, writeManifest } from './staging/manifest.ts';
import { validateStaging } from './staging/validate.ts';
import { alreadySwapped, runPhase } from './step.ts';

export interface ValidateRequest {
  importers: readonly string[];
  sample?: number | undefined;
}

/** Phase 7: refuses a staging that is not fit to publish, and writes down what it holds. */
export function validateAndManifest(deps: ActivityDeps) {
  return (release: ReleaseRef, request: ValidateRequest): Promise<ManifestSummary | { skipped: string }> =>
    runPhase(deps, release, 'validate_and_manifest', async (step) => {
      if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
      step.progress('validating staging');
      await validateStaging(step.db, release, request);
      await step.setState('validating');
      await step.event('validate_ok', {});
      step.progress('writing the manifest');
      const { manifest, summary } = await writeManifest(step.db, release, request);
      const file = await exportManifest(deps.config.manifestDir, release, manifest);
      const counts = Object.fromEntries(
        Object.entries(summary.counts).map(([name, rows]) => [name.replace('staging_', ''), rows]),
      );
      await step.db.transaction((session) => mergeStats(session, release.releaseId, { dst_counts: counts }));
      await step.event('manifest_written', { manifest_url: manifestUrl(release), file, digest: summary.digest });
      return summary;
    });
}

/** The file is an export of the database's manifest: `<id>_<LABEL>.json`, and `<LABEL>.json` for the newest of a label. */
async function exportManifest(dir: string, release: ReleaseRef, manifest: unknown): Promise<string> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const file = join(dir, `${release.releaseId}_${release.label}.json`);
  await mkdir(dir, { recursive: true });
  for (const target of [file, join(dir, `${release.label}.json`)]) {
    const unfinished = `${target}.${process.pid}.tmp`;
    await writeFile(unfinished, text);
    await rename(unfinished, target);
  }
  return file;
}
