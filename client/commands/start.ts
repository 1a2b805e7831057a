import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { type ReleaseResult, TASK_QUEUE, WORKFLOW } from '../../contracts/index.ts';
import type { portalRelease } from '../../workflows/index.ts';
import { admittedUpdate } from '../../workflows/messages.ts';
import { readEnvironment, temporalAddress } from '../config.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';
import { releaseInput, type StartFlags } from '../release_input.ts';
import { withTemporal, workflowPage } from '../temporal.ts';
import { follow } from './watch.ts';

export interface StartOptions extends StartFlags {
  wait?: boolean;
}

/** Starts a release and answers once it holds the lock; with --wait once it has ended. */
export async function start(label: string | undefined, options: StartOptions, output: Output): Promise<void> {
  const environment = readEnvironment();
  const input = releaseInput(label, options, environment);
  const where = temporalAddress(environment);
  await withTemporal(where, async (client) => {
    const workflowId = `portal-release-${input.label}`;
    await requireWorker(client);
    const operation = new WithStartWorkflowOperation<typeof portalRelease>(WORKFLOW.release, {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
    });
    const admission = await client.workflow
      .executeUpdateWithStart(admittedUpdate, { args: [], startWorkflowOperation: operation })
      .catch((error: unknown) => Promise.reject(refusal(error, input.label)));
    const handle = await operation.workflowHandle();
    const { runId } = await handle.describe();
    if (!admission.admitted) {
      const refused = Boolean(admission.holder);
      throw new CommandError(refused ? EXIT.refused : EXIT.failed, admission.reason, { holder: admission.holder });
    }
    const page = workflowPage(where, workflowId, runId);
    output.say(
      `release ${admission.releaseId} ${input.label} has started (workflow ${workflowId})${page ? `: ${page}` : ''}`,
    );
    if (!options.wait) {
      if (output.json) output.result({ releaseId: admission.releaseId, workflowId, runId, page }, '');
      return;
    }
    if (!output.json) await follow(client, workflowId, output);
    const result = await handle.result().catch((error: unknown) => Promise.reject(ending(error, input.label)));
    finish(result, output);
  });
}

/** Ends with the exit code that fits the way in which the release ended. */
export function finish(result: ReleaseResult, output: Output): void {
  const text = `release ${result.releaseId} ${result.label} ended as ${result.state}${result.stoppedAfter ? ` after ${result.stoppedAfter}` : ''}`;
  if (result.state === 'aborted') throw new CommandError(EXIT.failed, text, { ...result });
  output.result(result, text);
}

/** Without a worker the start would wait for ever and say nothing. */
async function requireWorker(client: Client): Promise<void> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: 1,
  });
  if ((pollers ?? []).length > 0) return;
  throw new CommandError(
    EXIT.failed,
    `no worker polls the task queue ${TASK_QUEUE}, so nothing would happen; start one with pp-release worker, or npm run stack -- up`,
  );
}

function refusal(error: unknown, label: string): unknown {
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new CommandError(
      EXIT.refused,
      `release ${label} is already running; see pp-release status, or stop it with pp-release abort`,
    );
  }
  if (error instanceof WorkflowUpdateFailedError && error.cause) return ending(error, label);
  return error;
}

export function ending(error: unknown, label: string): unknown {
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return error;
  const cause = rootOf(error.cause);
  if (cause instanceof CancelledFailure) return new CommandError(EXIT.failed, `release ${label} was aborted`);
  const type = cause instanceof ApplicationFailure ? cause.type : undefined;
  const exitCode = type === 'BadInput' ? EXIT.usage : type === 'LockHeld' ? EXIT.refused : EXIT.failed;
  return new CommandError(
    exitCode,
    `release ${label} failed: ${cause?.message ?? error.message}`,
    { type },
    { cause: error },
  );
}

function rootOf(error: Error | undefined): Error | undefined {
  let current = error;
  while (current?.cause instanceof ApplicationFailure || current?.cause instanceof CancelledFailure) {
    if (current instanceof ApplicationFailure) break;
    current = current.cause;
  }
  return current;
}
