import { ActivityFailure, ApplicationFailure, condition } from '@temporalio/workflow';
import type { Admission, LockHolder } from '../contracts/index.ts';
import { describeFailure } from './failure.ts';

/** Answers the update `admitted` once it is known whether the lock is held. */
export class Admissions {
  #admission: Admission | undefined;

  admit(admission: Admission): void {
    this.#admission ??= admission;
  }

  refuse(error: unknown): void {
    const { type, message } = describeFailure(error);
    const holder = holderIn(error);
    this.admit({ admitted: false, reason: message, type, ...(holder ? { holder } : {}) });
  }

  async answer(): Promise<Admission> {
    await condition(() => this.#admission !== undefined);
    return this.#admission as Admission;
  }
}

/** Who holds the lock, when that is why it failed. */
function holderIn(error: unknown): LockHolder | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'LockHeld') return undefined;
  const [facts] = (cause.details ?? []) as { holder?: LockHolder }[];
  return facts?.holder;
}
