import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { ReleaseRef } from '../activities/index.ts';
import { type AbortAnswer, type OperationName, parseInput } from '../contracts/index.ts';
import { Admissions } from './admissions.ts';
import { describeFailure } from './failure.ts';
import { LockKeeper } from './lock.ts';
import { abortSignal, abortUpdate, admittedUpdate } from './messages.ts';
import { lasting, quick } from './proxies.ts';

export function checked<S extends Parameters<typeof parseInput>[0]>(schema: S, raw: unknown) {
  const parsed = parseInput(schema, raw);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not right: ${parsed.problems.join('; ')}`,
    'BadInput',
    parsed.problems,
  );
}

/** What is done under the release lock, but is no release: it has no states and waits for nobody; it can be aborted. */
class Operation {
  readonly admissions = new Admissions();
  readonly #what: string;
  readonly #scope = new CancellationScope();
  #tooLate: string | undefined;
  #ending: 'done' | 'aborted' | 'failed' = 'done';
  #failure: unknown;
  #isOver = false;

  constructor(what: string) {
    this.#what = what;
    setHandler(admittedUpdate, () => this.admissions.answer());
    setHandler(abortSignal, () => this.stop());
    setHandler(abortUpdate, async () => {
      this.stop();
      await condition(() => this.#tooLate !== undefined || this.#isOver);
      return this.#abortAnswer();
    });
  }

  stoppable<T>(work: () => Promise<T>): Promise<T> {
    return this.#scope.run(work);
  }

  stop(): void {
    if (this.#tooLate === undefined) this.#scope.cancel();
  }

  /** From here on there is nothing to abort any more. */
  commit(reason: string): void {
    this.#tooLate = reason;
  }

  /** Whatever ended an activity of an operation that was aborted, it is the abort (as for a release, run.ts). */
  stoppedBy(error: unknown): unknown {
    if (this.#tooLate !== undefined || !this.#scope.consideredCancelled || isCancellation(error)) return error;
    return new CancelledFailure(`the ${this.#what} was aborted`, [], error instanceof Error ? error : undefined);
  }

  fail(cause: unknown): void {
    this.#ending = isCancellation(cause) ? 'aborted' : 'failed';
    this.#failure = cause;
  }

  /** The lock is given back: whoever is told why nothing was started can start at once again. */
  close(): void {
    this.#isOver = true;
    if (this.#ending !== 'done') this.admissions.refuse(this.#failure);
  }

  #abortAnswer(): AbortAnswer {
    if (this.#tooLate !== undefined) return { aborting: false, reason: this.#tooLate };
    const aborting = this.#ending === 'aborted';
    return { aborting, reason: `the ${this.#what} ended as ${this.#ending}${aborting ? '; live is as it was' : ''}` };
  }
}

export type { Operation };

/** Holds the lock in the name of the release that is current, and gives it back whatever happens. */
export async function underLock<T>(
  name: OperationName,
  purpose: string,
  work: (acquired: { release: ReleaseRef; lockTimeoutMs: number }, operation: Operation) => Promise<T>,
): Promise<T> {
  const operation = new Operation(purpose);
  const lock = new LockKeeper({ label: purpose, purpose }, () => operation.stop());
  let release: ReleaseRef | undefined;
  try {
    return await operation.stoppable(async () => {
      const acquired = await quick.acquireLockForCurrent();
      release = acquired.release;
      operation.admissions.admit({ admitted: true, releaseId: release.releaseId });
      return work(acquired, operation);
    });
  } catch (error) {
    const cause = lock.failure ?? operation.stoppedBy(error);
    operation.fail(cause);
    const told = release;
    const failure = isCancellation(cause)
      ? { type: 'Aborted', message: `the ${purpose} was aborted` }
      : describeFailure(cause);
    // Otherwise another run is at work for that release, or it is over.
    if (told && failure.type !== 'Fenced' && failure.type !== 'LockHeld') {
      await CancellationScope.nonCancellable(() => lasting.noteOperationFailed(told, name, failure));
    }
    throw cause;
  } finally {
    await CancellationScope.nonCancellable(async () => {
      await lock.stop();
      try {
        await lasting.dropClaim();
      } finally {
        operation.close();
      }
      await condition(allHandlersFinished);
    });
  }
}
