import { type Backup, listBackups } from '../../activities/live/backups.ts';
import { WORKFLOW } from '../../contracts/index.ts';
import { databaseUrl, readEnvironment, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ending, launch } from '../launch.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** Lists the backups, the newest first. */
export async function list(output: Output): Promise<void> {
  const backups = await withDatabase(databaseUrl(readEnvironment()), (db) => db.session(listBackups));
  output.result(
    { backups },
    backups.length > 0
      ? ['stamp       release          size       state', ...backups.map(line)].join('\n')
      : 'there are no backups',
  );
}

function line({ stamp, releaseId, label, bytes, complete, missing, oldSystem }: Backup): string {
  const release = releaseId === null ? 'before releases' : `${releaseId} ${label}`;
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const state = complete ? 'complete' : `incomplete, lacks ${missing.join(', ')}`;
  return `${stamp}  ${release.padEnd(15)}  ${size.padStart(10)}  ${state}${oldSystem ? ', of the old system' : ''}`;
}

export interface CleanOptions {
  keep?: number;
  oldSystem?: boolean;
  yes?: boolean;
}

/** Drops all backups but the newest, under the release lock. */
export async function clean({ keep = 1, oldSystem = false, yes = false }: CleanOptions, output: Output): Promise<void> {
  if (keep === 0 && !yes) {
    const why = 'it would drop the last backup, and nothing could be rolled back any more';
    throw new CommandError(EXIT.usage, `--keep 0 was not done: ${why}; if that is meant, add --yes`);
  }
  await withTemporal(temporalAddress(readEnvironment()), async (client) => {
    const what = 'cleanup of backups';
    const { handle } = await launch(client, {
      type: WORKFLOW.cleanup,
      workflowId: 'portal-backup-cleanup',
      input: { keep, by: operator(), ...(keep === 0 ? { allowNone: true } : {}), ...(oldSystem ? { oldSystem } : {}) },
      what,
    });
    const result = (await handle.result().catch((error: unknown) => Promise.reject(ending(error, what)))) as {
      kept: string[];
      dropped: string[];
    };
    const name = (stamps: string[]) => (stamps.length > 0 ? stamps.join(', ') : 'none');
    output.result(result, `dropped: ${name(result.dropped)}; kept: ${name(result.kept)}`);
  });
}
