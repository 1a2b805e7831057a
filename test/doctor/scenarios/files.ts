import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvInputs } from '../../../catalog/index.ts';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import type { Env, Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

/** A folder with a file for each input, dated this month where it has a date. */
function csvFolder({ shell }: Ward): string {
  const dir = join(shell.dir, 'csv files');
  mkdirSync(join(dir, 'statistics'), { recursive: true });
  const month = new Date().toISOString().slice(0, 7);
  for (const { name, dated } of csvInputs)
    writeFileSync(join(dir, dated ? `${name}_${month}-01.csv` : `${name}.csv`), '');
  return dir;
}

const at = (name: string, path: string): Env => ({ [name]: path });

export const filesScenarios: Record<Extract<CheckId, `files.${string}`>, Scenario<Ward>> = {
  'files.settings': {
    break: async () => ({ PP_KEEP_BACKUP_COUNT: 'some', PP_LOCK_TIMEOUT_MS: '30s' }),
  },
  'files.manifest_dir': {
    break: async ({ shell }) => {
      writeFileSync(join(shell.dir, 'public'), '');
      return at('PP_MANIFEST_DIR', join(shell.dir, 'public', 'manifests'));
    },
  },
  'files.log': {
    break: async ({ shell }) => {
      mkdirSync(join(shell.dir, 'the log'));
      return at('PP_RELEASE_LOG_PATH', join(shell.dir, 'the log'));
    },
  },
  'files.csv_dir': {
    break: async ({ shell }) => at('PP_CSV_DIR', join(shell.dir, 'csv', "this month's")),
  },
  'files.csv': {
    well: async (ward) => at('PP_CSV_DIR', csvFolder(ward)),
    break: async ({ shell }) => {
      const dir = join(shell.dir, 'csv files');
      rmSync(join(dir, 'story_map_link_sites.csv'));
      // A corrected file beside the old one.
      writeFileSync(join(dir, 'statistics', 'aichi11_targets.csv'), '');
      return undefined;
    },
  },
  'files.ready_file': {
    break: async ({ shell }) => at('PP_WORKER_READY_FILE', join(shell.dir, 'run', 'worker', 'ready')),
  },
};
