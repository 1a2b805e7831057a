import { readOwner } from '../../activities/postgres/owner.ts';
import { abortUpdate } from '../../workflows/messages.ts';
import { update } from '../answer.ts';
import { databaseUrl, readEnvironment, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** Aborts the release that holds the lock, and says which side of the swap's COMMIT the abort met. */
export async function abort(output: Output): Promise<void> {
  const environment = readEnvironment();
  const owner = await withDatabase(databaseUrl(environment), (db) => db.session((session) => readOwner(session)));
  if (!owner) throw new CommandError(EXIT.refused, 'nothing is running, so there is nothing to abort');
  await withTemporal(temporalAddress(environment), async (client) => {
    const answer = await update(client, owner.workflowId, `abort of ${owner.purpose}`, (handle) =>
      handle.executeUpdate(abortUpdate),
    );
    if (!answer.aborting) throw new CommandError(EXIT.refused, `not aborted: ${answer.reason}`, { ...answer });
    output.result(answer, `aborted: ${answer.reason}`);
  });
}
