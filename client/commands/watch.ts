import { findRelease } from '../../activities/postgres/releases.ts';
import { databaseUrl, readEnvironment, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import { followToEnd } from '../follow.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** Shows a release's phases, progress and time as they go, until it ends. */
export async function watch(label: string | undefined, output: Output): Promise<void> {
  const environment = readEnvironment();
  const release = await withDatabase(databaseUrl(environment), (db) =>
    db.session((session) => findRelease(session, label ? { label } : {})),
  );
  if (!release?.workflow_id) {
    throw new CommandError(
      EXIT.failed,
      label ? `there is no release ${label} to watch` : 'there is no release to watch yet',
    );
  }
  const workflowId = release.workflow_id;
  await withTemporal(temporalAddress(environment), async (client) => {
    await followToEnd(client, workflowId, `release ${release.label}`, output);
  });
}
