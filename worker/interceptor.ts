import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { toFailure } from './failures.ts';

/** The one place where errors of activities become Temporal failures. */
export class FailureInterceptor implements ActivityInboundCallsInterceptor {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      // A statement that was stopped because of a cancellation is no failure of the phase.
      if (this.#context.cancellationSignal.aborted) throw await this.#cancellation();
      throw toFailure(error, this.#context.info.attempt);
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
