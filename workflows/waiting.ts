import { CancellationScope, condition } from '@temporalio/workflow';
import type { AnswerReport, WaitingReport } from '../activities/index.ts';
import {
  describeWaiting,
  goOnCommand,
  type Parked,
  type Phase,
  SHORTEST_DIGEST,
  type WaitingFor,
} from '../contracts/index.ts';
import { answersTo } from './answers.ts';
import { describeFailure } from './failure.ts';
import { lasting } from './proxies.ts';
import type { ReleaseRun } from './run.ts';

export type Answer =
  | { kind: 'promoted'; by: string; digest: string }
  | { kind: 'retried'; by: string }
  | { kind: 'parked'; by: string }
  | { kind: 'dry run' };

/** Unwinds the phases of a release that was parked: an end, and no failure. */
export class ParkedError extends Error {
  readonly parked: Parked;

  constructor(parked: Parked) {
    super(`parked by ${parked.by}`);
    this.name = 'ParkedError';
    this.parked = parked;
  }
}

const HOUR_MS = 3_600_000;

/** What a release waits for, one thing at a time, with the lock held. Its messages answer (answers.ts). */
export class Waiting {
  readonly #run: ReleaseRun;
  #answer: Answer | undefined;

  constructor(run: ReleaseRun) {
    this.#run = run;
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  answer(answer: Answer): void {
    this.#answer ??= answer;
  }

  /** The gate of a release under review, after its manifest is written. Dry run, on or off, opens no gate. */
  async forPromote(): Promise<void> {
    const { manifest, input, dryRun } = this.#run;
    if (input.mode !== 'review' || !manifest || dryRun) return;
    const digest = manifest.digest.slice(0, SHORTEST_DIGEST);
    const text = `staging is ready, its manifest has digest ${digest}…; look at it, then promote or park it`;
    const answer = await this.#for('promote', 'validate_and_manifest', text, input.reviewTimeoutHours, 'is parked');
    if (answer?.kind === 'dry run') this.#run.dryRun = true;
    else if (answer?.kind === 'promoted') await this.#note('promoted', answer.by, { digest: manifest.digest });
    else await this.#park('validate_and_manifest', answer);
  }

  /**
   * Waits until the phase is to be run again.
   *
   * @throws the phase's own error at the time limit, ParkedError, or a cancellation: somebody aborts
   */
  async forRetry(phase: Phase, error: unknown): Promise<void> {
    const run = this.#run;
    const { type, message } = describeFailure(error);
    const wait = async () => {
      const text = `${run.committed ? 'the release is live, but ' : ''}${phase} failed with ${type}: ${message}`;
      return this.#for('retry', phase, text, run.input.retryTimeoutHours, 'fails', { type, message });
    };
    // From COMMIT on nobody stops it: what is live has to be finished, or to fail truthfully.
    const answer = await (run.committed ? CancellationScope.nonCancellable(wait) : wait());
    if (!answer) throw error;
    if (answer.kind === 'retried') await run.finishing(() => this.#note('retried', answer.by));
    // Then finalise_swap runs once more, and has nothing to do, whatever has been sent since.
    else if (answer.kind === 'dry run') run.dryRun = true;
    else await this.#park(phase, answer, { type, message });
  }

  /** @returns the answer, or nothing at the time limit */
  async #for(
    kind: 'promote' | 'retry',
    phase: Phase,
    text: string,
    hours: number,
    onTimeLimit: string,
    failure?: { type: string; message: string },
  ): Promise<Answer | undefined> {
    const run = this.#run;
    const limitMs = Math.max(1, Math.round(hours * HOUR_MS));
    const [since, until] = [Date.now(), Date.now() + limitMs].map((at) => new Date(at).toISOString());
    const answers = answersTo(kind, run);
    const waitingFor: WaitingFor = { kind, phase, text, since: since as string, until, onTimeLimit, answers };
    this.#answer = undefined;
    run.waitFor(waitingFor);
    try {
      const report: WaitingReport = { kind, phase, until: until as string, line: describeWaiting(waitingFor), answers };
      await lasting.noteWaiting(run.release, { ...report, ...(failure ? { failure } : {}) });
      await condition(() => this.isAnswered || run.lockFailure !== undefined, limitMs);
      if (run.lockFailure !== undefined) throw run.lockFailure;
      return this.#answer;
    } finally {
      if (run.status.waitingFor === waitingFor) run.waitFor(undefined);
    }
  }

  /** @param failure what it waited for to be mended; at the gate nothing has failed */
  async #park(phase: Phase, answer: Answer | undefined, failure?: { type: string; message: string }): Promise<never> {
    const { release } = this.#run;
    const by = answer?.kind === 'parked' ? answer.by : 'the time limit';
    const at = new Date(Date.now()).toISOString();
    const parked = { phase, by, at, goOn: goOnCommand(release.label, failure ? phase : 'finalise_swap') };
    await this.#note('parked', by, { go_on: parked.goOn }, { parked, failure });
    throw new ParkedError(parked);
  }

  async #note(
    event: AnswerReport['event'],
    by: string,
    facts: Record<string, unknown> = {},
    more: Pick<AnswerReport, 'parked' | 'failure'> = {},
  ) {
    const { release, status } = this.#run;
    await lasting.noteAnswered(release, { event, phase: status.phase ?? 'acquire_lock', by, facts, ...more });
  }
}
