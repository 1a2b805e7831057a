import type { Output } from '../output.ts';
import { type StartOptions, start } from './start.ts';

export interface ImportOptions extends Pick<StartOptions, 'only' | 'skip' | 'sample' | 'softErrorLimit' | 'wait'> {
  resume?: boolean;
}

/**
 * Imports into staging and stops there, as a dry run: live is not touched. A new one starts with fresh views and staging
 * tables; a resumed one goes on with what the label's last run has left there, and importers that are done stay done.
 */
export async function importStaging(label: string | undefined, options: ImportOptions, output: Output): Promise<void> {
  const { resume, ...rest } = options;
  const resumed: StartOptions = resume ? { startAt: 'import_core' } : {};
  await start(label, { ...rest, ...resumed, stopAfter: 'import_related', mode: 'dry-run' }, output);
}
