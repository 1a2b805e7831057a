import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { countInARow, type InARow, toFailure } from './failures.ts';

/** The keeper goes on for as long as its release: the owner's row keeps rivals out while its connection is away. */
const NEVER_EXHAUSTED = 'keepLock';

/** By activity, of this worker: its failures for the same reason in a row. Gone when one of its attempts here succeeds. */
export type Failing = Map<string, InARow>;

/** The one place where errors of activities become Temporal failures. */
export class FailureInterceptor implements ActivityInboundCallsInterceptor {
  readonly #context: Context;
  readonly #failing: Failing;

  constructor(context: Context, failing: Failing) {
    this.#context = context;
    this.#failing = failing;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { workflowExecution, activityId, activityType } = this.#context.info;
    const activity = `${workflowExecution?.runId} ${activityId}`;
    try {
      const result = await next(input);
      this.#failing.delete(activity);
      return result;
    } catch (error) {
      // A statement that was stopped because of a cancellation is no failure of the phase.
      if (this.#context.cancellationSignal.aborted) throw await this.#cancellation();
      const inARow = countInARow(error, this.#failing.get(activity));
      const failure = toFailure(error, activityType === NEVER_EXHAUSTED ? 1 : inARow.times);
      if (failure.nonRetryable) this.#failing.delete(activity);
      else this.#failing.set(activity, inARow);
      throw failure;
    }
  }

  async #cancellation(): Promise<Error> {
    const reason = await this.#context.cancelled.catch((error: Error) => error);
    if (reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') {
      // Retryable: the next worker goes on at once.
      return ApplicationFailure.create({
        type: 'WorkerShutdown',
        message: 'the worker is shutting down',
        nextRetryDelay: '10ms',
      });
    }
    return reason;
  }
}
