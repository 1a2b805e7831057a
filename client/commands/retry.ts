import { retryUpdate } from '../../workflows/messages.ts';
import { runningRelease, update } from '../answer.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';

/** Runs the phase that failed again. */
export async function retry(label: string | undefined, output: Output): Promise<void> {
  const environment = readEnvironment();
  const release = await runningRelease(label, environment, 'retry');
  await withTemporal(temporalAddress(environment), async (client) => {
    const what = `retry of release ${release.label}`;
    const answer = await update(client, release.workflow_id, what, (handle) =>
      handle.executeUpdate(retryUpdate, { args: [{ by: operator() }] }),
    );
    output.result(
      answer,
      `release ${answer.releaseId} ${answer.label} runs ${answer.retrying} again; pp-release watch follows it`,
    );
  });
}
