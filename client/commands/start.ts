import { WORKFLOW } from '../../contracts/index.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { followToEnd } from '../follow.ts';
import { launch } from '../launch.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { releaseInput, type StartFlags } from '../release_input.ts';
import { withTemporal, workflowPage } from '../temporal.ts';

export interface StartOptions extends StartFlags {
  wait?: boolean;
}

/** Starts a release and answers once it holds the lock; with --wait once it has ended. */
export async function start(label: string | undefined, options: StartOptions, output: Output): Promise<void> {
  const environment = readEnvironment();
  const input = await releaseInput(label, options, environment);
  const where = temporalAddress(environment);
  const what = `release ${input.label}`;
  await withTemporal(where, async (client) => {
    const workflowId = `portal-release-${input.label}`;
    const details = `Started by ${operator()} with \`pp-release start\`, mode ${input.mode}.`;
    const { releaseId, wasLive, runId } = await launch(client, {
      type: WORKFLOW.release,
      workflowId,
      input,
      what,
      details,
    });
    const page = workflowPage(where, workflowId, runId);
    const how = wasLive ? 'is live already, so nothing is staged or swapped' : 'has started';
    output.say(`release ${releaseId} ${input.label} ${how} (workflow ${workflowId})${page ? `: ${page}` : ''}`);
    if (!options.wait) {
      if (output.json) output.result({ releaseId, wasLive, workflowId, runId, page }, '');
      return;
    }
    await followToEnd(client, workflowId, what, output);
  });
}
