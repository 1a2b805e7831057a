import { parkUpdate } from '../../workflows/messages.ts';
import { runningRelease, update } from '../answer.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** Ends a release that waits as a dry run; answers once the lock is given back. */
export async function park(label: string | undefined, output: Output): Promise<void> {
  const environment = readEnvironment();
  const release = await runningRelease(label, environment, 'park');
  await withTemporal(temporalAddress(environment), async (client) => {
    const what = `parking of release ${release.label}`;
    const answer = await update(client, release.workflow_id, what, (handle) =>
      handle.executeUpdate(parkUpdate, { args: [{ by: operator() }] }),
    );
    output.result(
      answer,
      `release ${answer.releaseId} ${answer.label} is parked: its staging is kept, the lock is free; it goes on with ${answer.goOn}`,
    );
  });
}
