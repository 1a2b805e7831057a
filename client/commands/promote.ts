import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type ManifestSummary, SHORTEST_DIGEST } from '../../contracts/index.ts';
import { manifestQuery, promoteUpdate } from '../../workflows/messages.ts';
import { runningRelease, unknownWorkflow, update } from '../answer.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ending } from '../launch.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal } from '../temporal.ts';
import { canAsk, saysYes } from '../yes.ts';

export interface PromoteOptions {
  digest?: string;
  yes?: boolean;
}

/** Opens the gate of a release under review: what its manifest says becomes live. */
export async function promote(label: string | undefined, options: PromoteOptions, output: Output): Promise<void> {
  const environment = readEnvironment();
  if (options.digest !== undefined && options.digest.length < SHORTEST_DIGEST) {
    throw new CommandError(
      EXIT.usage,
      `--digest ${options.digest} is too short: give at least ${SHORTEST_DIGEST} characters of the manifest's digest`,
    );
  }
  if (options.digest === undefined && !options.yes && !canAsk(output)) {
    throw new CommandError(
      EXIT.usage,
      'there is no terminal to ask on: say what is to be promoted with --digest DIGEST, or --yes for whatever the manifest says now',
    );
  }
  const release = await runningRelease(label, environment, 'promote');
  await withTemporal(temporalAddress(environment), async (client) => {
    const what = `promotion of release ${release.label}`;
    const manifest = await readManifest(client, release.workflow_id, what);
    if (manifest) output.say(renderManifest(manifest));
    if (manifest && options.digest === undefined && !options.yes && !(await saysYes(`Make ${release.label} live?`)))
      throw new CommandError(EXIT.refused, `${release.label} was not promoted; it goes on waiting`);
    // Without a manifest the workflow says why there is nothing to promote.
    const digest = options.digest ?? manifest?.digest ?? '';
    const answer = await update(client, release.workflow_id, what, (handle) =>
      handle.executeUpdate(promoteUpdate, { args: [{ by: operator(), digest }] }),
    );
    output.result(
      { ...answer, counts: manifest?.counts },
      `release ${answer.releaseId} ${answer.label} goes live now; pp-release watch follows it`,
    );
  });
}

async function readManifest(client: Client, workflowId: string, what: string): Promise<ManifestSummary | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).query(manifestQuery)) ?? undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw unknownWorkflow(workflowId, what, error);
    throw ending(error, what);
  }
}

function renderManifest({ releaseId, label, digest, counts }: ManifestSummary): string {
  const rows = Object.entries(counts).map(([name, count]) => [name, count.toLocaleString('en')] as const);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `manifest of release ${releaseId} ${label}`,
    ...rows.map(([name, count]) => `  ${name.padEnd(width)} ${count.padStart(12)}`),
    `digest ${digest}`,
  ].join('\n');
}
