import {
  type Client,
  isGrpcDeadlineError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { TASK_QUEUE } from '../contracts/index.ts';
import { admittedUpdate } from '../workflows/messages.ts';
import { CommandError, EXIT } from './errors.ts';
import { askWorkflow, type WorkflowAnswer } from './status.ts';

export interface Launch {
  /** Workflow type and its only argument. */
  type: string;
  workflowId: string;
  input: object;
  /** What messages and the Web UI's list call it: `release Apr2026`. */
  what: string;
  /** Markdown for the Web UI: what it was started with. */
  details?: string;
}

export interface Launched {
  releaseId: number;
  /** The release is live already: up to the swap there is nothing to do. */
  wasLive: boolean;
  workflowId: string;
  runId: string;
  handle: WorkflowHandle;
}

/**
 * Starts a workflow and waits until it holds the release lock.
 *
 * @throws CommandError with exit code 3 when somebody else holds it, 1 when no worker polls or the start fails
 */
export async function launch(client: Client, { type, workflowId, input, what, details }: Launch): Promise<Launched> {
  await requireWorker(client);
  const operation = new WithStartWorkflowOperation(type, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'FAIL',
    staticSummary: what,
    ...(details ? { staticDetails: details } : {}),
  });
  const admission = await client
    .withDeadline(Date.now() + ANSWER_LIMIT_MS, () =>
      client.workflow.executeUpdateWithStart(admittedUpdate, { args: [], startWorkflowOperation: operation }),
    )
    .catch(async (error: unknown) => Promise.reject(await refusal(client, error, what, workflowId)));
  if (!admission.admitted) {
    throw new CommandError(exitCodeOf(admission.type), `${what} was not started: ${admission.reason}`, {
      holder: admission.holder,
    });
  }
  const handle = await operation.workflowHandle();
  const { runId } = await handle.describe();
  return { releaseId: admission.releaseId, wasLive: admission.wasLive ?? false, workflowId, runId, handle };
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

async function refusal(client: Client, error: unknown, what: string, workflowId: string): Promise<unknown> {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) {
    let answer: WorkflowAnswer | undefined;
    try {
      answer = await client.withDeadline(Date.now() + LOOK_LIMIT_MS, () => askWorkflow(client, workflowId));
    } catch (silence) {
      const text = `Temporal does not answer any more, so whether ${what} runs (workflow ${workflowId}) is not known: look at Temporal, then at pp-release status`;
      return new CommandError(EXIT.failed, text, {}, { cause: silence });
    }
    const why = describeSilence(answer, `${what} (workflow ${workflowId})`);
    return new CommandError(EXIT.failed, why);
  }
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new CommandError(
      EXIT.refused,
      `${what} is already running; see pp-release status, or stop it with pp-release abort`,
    );
  }
  return ending(error, what);
}

/** Why a start has not been answered in time, as far as its workflow tells. */
function describeSilence(answer: WorkflowAnswer | undefined, what: string): string {
  const limit = `within ${ANSWER_LIMIT_MS / 1000} s`;
  const { state } = answer?.status ?? {};
  if (state === undefined)
    return `no worker has answered ${limit}: ${what} is queued and goes on as soon as a worker polls; start one with pp-release worker, or npm run stack -- up, and look at pp-release status`;
  return state === 'failed' || state === 'aborted'
    ? `${what} has ${state === 'failed' ? 'failed' : 'been aborted'}, and could not give the lock back ${limit}: PostgreSQL or its worker may be away; look at pp-release status`
    : `${what} has not got the lock ${limit} and goes on trying: somebody may have locked the table releases; pp-release status shows the last failure, pp-release abort stops it`;
}

/** A worker that died a moment ago still counts as polling; so the answer itself has a limit. */
const ANSWER_LIMIT_MS = 60_000;
/** After that: how long a look at what became of it may take. */
const LOOK_LIMIT_MS = 10_000;

/** Types of failure that mean: not done, because something was in the way; nothing has changed. */
const REFUSALS: ReadonlySet<string> = new Set(['LockHeld', 'RollbackRefused', 'Refused']);

function exitCodeOf(type: string | undefined): number {
  if (type === 'BadInput') return EXIT.usage;
  return type && REFUSALS.has(type) ? EXIT.refused : EXIT.failed;
}

/** The message and exit code that fit the way in which a workflow failed. */
export function ending(error: unknown, what: string): unknown {
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return error;
  const cause = ownFailure(error.cause);
  if (cause instanceof CancelledFailure) return new CommandError(EXIT.failed, `${what} was aborted`);
  const type = (cause instanceof ApplicationFailure && cause.type) || undefined;
  return new CommandError(
    exitCodeOf(type),
    `${what} failed: ${cause?.message ?? error.message}`,
    { type, ...factsOf(cause) },
    { cause: error },
  );
}

/** What a failure carries besides its message (contracts/failures.ts): --json prints it. */
function factsOf(cause: Error | undefined): Record<string, unknown> {
  const [facts] = (cause instanceof ApplicationFailure && cause.details) || [];
  return typeof facts === 'object' && facts !== null ? { facts } : {};
}

/** The failure that a room or a workflow wrote, under the frames that Temporal puts around it. */
function ownFailure(error: Error | undefined): Error | undefined {
  let current = error;
  while (
    current &&
    !(current instanceof ApplicationFailure || current instanceof CancelledFailure) &&
    current.cause instanceof Error
  ) {
    current = current.cause;
  }
  return current;
}
