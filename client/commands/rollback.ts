import { isStamp, type RollbackResult, STAMP_RULE, WORKFLOW } from '../../contracts/index.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ending, launch } from '../launch.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { withTemporal, workflowPage } from '../temporal.ts';

export interface RollbackOptions {
  discardStaging?: boolean;
  releaseId?: number | null;
  acceptShape?: boolean;
  endBlockers?: boolean;
  wait?: boolean;
}

/** Makes a kept backup live again; what is live becomes staging. */
export async function rollback(stamp: string, options: RollbackOptions, output: Output): Promise<void> {
  if (!isStamp(stamp)) throw new CommandError(EXIT.usage, `${JSON.stringify(stamp)} is no backup stamp: ${STAMP_RULE}`);
  const where = temporalAddress(readEnvironment());
  const by = operator();
  const what = `rollback to ${stamp}`;
  await withTemporal(where, async (client) => {
    const workflowId = `portal-rollback-${stamp}`;
    const input = {
      stamp,
      discardStaging: options.discardStaging ?? false,
      by,
      ...(options.releaseId === undefined ? {} : { releaseId: options.releaseId }),
      ...(options.acceptShape ? { acceptShape: true } : {}),
      ...(options.endBlockers ? { endBlockersFor: by } : {}),
    };
    const { handle, runId } = await launch(client, { type: WORKFLOW.rollback, workflowId, input, what });
    const page = workflowPage(where, workflowId, runId);
    if (!options.wait) {
      output.result(
        { workflowId, runId, page },
        `${what} has started (workflow ${workflowId})${page ? `: ${page}` : ''}`,
      );
      return;
    }
    const result = (await handle
      .result()
      .catch((error: unknown) => Promise.reject(ending(error, what)))) as RollbackResult;
    output.result(
      result,
      `rolled back to ${stamp}: release ${result.releaseId} ${result.label} is in staging now and can be promoted again with pp-release start ${result.label} --start-at finalise_swap`,
    );
  });
}
