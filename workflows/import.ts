import type { StepStatus } from '../contracts/index.ts';
import { long, quick } from './proxies.ts';
import type { ReleaseRun } from './run.ts';
import { secondsSince } from './run.ts';
import type { ImporterRequestPhase, ReleasePlan } from './types.ts';

/**
 * One import phase: an activity for each importer of the plan. Importers that do not depend on each other run side by
 * side; the first failure stops the phase once the others have ended.
 */
export async function runImporters(
  run: ReleaseRun,
  { release, importers }: ReleasePlan,
  phase: ImporterRequestPhase,
  status: StepStatus,
): Promise<object> {
  const opened = await quick.openImport(release, phase);
  if (opened.skipped) return opened;
  const started = Date.now();
  const planned = importers.filter((importer) => importer.phase === phase);
  // A retry of the phase runs those only that are not done.
  status.steps ??= planned.map(({ name }) => ({ name, progress: 'pending' }));
  const running = new Map<string, ReturnType<typeof runOne>>();
  const runOne = async (name: string, after: readonly string[]) => {
    await Promise.all(after.map((other) => running.get(other)));
    const done = run.imported.get(name);
    if (done) return done;
    const step = status.steps?.find((candidate) => candidate.name === name);
    if (step) Object.assign(step, { progress: 'running', startedAt: new Date().toISOString() });
    try {
      const result = await long.runImporter.executeWithOptions({ summary: name }, [
        release,
        { importer: name, phase, sample: run.input.importSample, softErrorLimit: run.input.softErrorLimit },
      ]);
      run.imported.set(name, result);
      if (step)
        Object.assign(step, {
          progress: 'done',
          seconds: result.seconds,
          result: { ...result.counts, softErrors: result.softErrors },
        });
      run.show();
      return result;
    } catch (error) {
      if (step) step.progress = 'failed';
      throw error;
    }
  };
  for (const { name, after } of planned) running.set(name, runOne(name, after));
  const ended = await Promise.allSettled(running.values());
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  const results = ended.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const isLast = phase === 'import_related' || !run.selected('import_related');
  return long.closeImport(release, {
    phase,
    results,
    seconds: secondsSince(started),
    addIndexes: isLast && !run.input.stagingLightweight,
  });
}
