import { type ImportPhase, importers } from '../catalog/index.ts';
import { ALREADY_SWAPPED } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { ReleaseError } from './postgres/errors.ts';
import { mergeStats, type ReleaseRef } from './postgres/releases.ts';
import { dropDangling } from './staging/carried_over.ts';
import { type ImportResult, runImporter as run } from './staging/importer.ts';
import { addForeignKeys, addIndexes } from './staging/indexes.ts';
import { alreadySwapped, phaseCompleted, runStep } from './step.ts';
import { importerTeller } from './telling.ts';

export interface ImporterRequest {
  importer: string;
  phase: ImportPhase;
  sample?: number | undefined;
  /** Share of soft errors, percent, above which the importer fails. */
  softErrorLimit?: number | undefined;
}

/** What is left to do when the last importer of a phase is done. */
export interface CloseRequest {
  phase: ImportPhase;
  results: ImportResult[];
  seconds: number;
  /** Adds the indexes and keys now; in lightweight mode finalise_swap does it. */
  addIndexes: boolean;
}

/** Phases 5 and 6: one activity an importer, so that the history itself says which ones are done. */
export function importActivities(deps: ActivityDeps) {
  return {
    async openImport(release: ReleaseRef, phase: ImportPhase): Promise<{ skipped?: string }> {
      return runStep(deps, release, { phase, step: `${phase} open` }, async (step) => {
        await step.event('phase_started', {});
        if (await alreadySwapped(step, release)) return { skipped: ALREADY_SWAPPED };
        await step.event(`${phase}_started`, {});
        if (deps.config.tellImporters) void deps.notify(`Release ${release.label}: ${phase} starts`);
        return {};
      });
    },

    async runImporter(release: ReleaseRef, request: ImporterRequest): Promise<ImportResult> {
      const importer = importers.find(({ name }) => name === request.importer);
      if (!importer) {
        throw new ReleaseError(
          'BadInput',
          `this worker's catalog has no importer ${request.importer}: start a newer worker`,
        );
      }
      return runStep(deps, release, { phase: request.phase, step: `importer ${importer.name}` }, async (step) => {
        await step.event('importer_started', { importer: importer.name });
        let doing = '';
        const teller = importerTeller(deps, release, importer.name);
        const result = await run(step.db, release, importer, {
          sample: request.sample,
          softErrorLimitPercent: request.softErrorLimit,
          csvDir: deps.config.csvDir,
          onStep: (title) => {
            doing = title;
            step.progress(title);
          },
          onAmount: (amount) => {
            step.progress(doing, amount);
            teller.amount(amount);
          },
        }).catch((error: unknown) => {
          teller.failed(error);
          throw error;
        });
        await step.event('importer_finished', { ...result });
        teller.finished(result);
        return result;
      });
    },

    async closeImport(release: ReleaseRef, request: CloseRequest): Promise<{ indexes: number }> {
      const { phase, results, seconds } = request;
      return runStep(deps, release, { phase, step: `${phase} close` }, async (step) => {
        if (phase === 'import_related') await dropDangling(step.db, release);
        let indexes = 0;
        if (request.addIndexes) {
          indexes = await addIndexes(step.db, (table) => step.progress(`indexes of ${table}`));
          await step.event('staging_indexes_applied', { indexes });
        }
        // Before the last phase the tables that sites refer to, and that refer to each other, are empty still.
        if (request.addIndexes && phase === 'import_related') {
          await step.event('staging_foreign_keys_applied', { foreign_keys: await addForeignKeys(step.db) });
        }
        if (phase === 'import_core') await step.setState('importing');
        const summary = Object.fromEntries(
          results.map(({ importer, ...result }) => [importer, { success: true, ...result }]),
        );
        await step.db.transaction((session) => mergeStats(session, release.releaseId, { [phase]: summary }));
        await step.event(`${phase}_finished`, { importers: results.map((result) => result.importer) });
        await phaseCompleted(deps, release, step, phase, { seconds, result: rowsByImporter(results) });
        return { indexes };
      });
    },
  };
}

/** What each importer gave in all, and how many rows were set aside. */
function rowsByImporter(results: readonly ImportResult[]): Record<string, number> {
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const rows = results.map(({ importer, counts }): [string, number] => [importer, sum(Object.values(counts))]);
  return { ...Object.fromEntries(rows), 'soft errors': sum(results.map(({ softErrors }) => softErrors)) };
}
