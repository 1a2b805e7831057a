import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { ReleasePlan } from '../activities/index.ts';
import {
  type AbortAnswer,
  type Admission,
  isSelected,
  type LockHolder,
  type ManifestSummary,
  PHASES,
  type Phase,
  parseReleaseInput,
  type ReleaseInput,
  type ReleaseResult,
  type ReleaseState,
  type ReleaseStatus,
  type StepStatus,
} from '../contracts/index.ts';
import { abortSignal, abortUpdate, admittedUpdate, dryRunSignal, manifestQuery, statusQuery } from './messages.ts';

/** What a phase answers: small counts for the status, or why there was nothing to do. */
type PhaseResult = object | undefined;

/** The state of one release: what its messages change and its queries answer. */
export class ReleaseRun {
  readonly input: ReleaseInput;
  readonly status: ReleaseStatus;
  plan: ReleasePlan | undefined;
  manifest: ManifestSummary | undefined;
  backupStamp: string | undefined;
  dryRun: boolean;
  /** From COMMIT of the swap on there is no way back but a rollback. */
  committed = false;
  ended = false;
  aborting = false;
  readonly #admissions = new Admissions();
  readonly #scope = new CancellationScope();

  constructor(raw: unknown) {
    this.input = checkedInput(raw);
    this.dryRun = this.input.mode === 'dry-run' || this.sampled;
    this.status = {
      label: this.input.label,
      mode: this.input.mode,
      dryRun: this.dryRun,
      state: 'started',
      phases: PHASES.map((name) => ({ name, progress: isSelected(name, this.input) ? 'pending' : 'skipped' })),
    };
    this.#answerMessages();
  }

  /** A sample leaves rows out, so it is never published. */
  get sampled(): boolean {
    return this.input.importSample !== undefined;
  }

  /** Runs the phases that an abort may stop. */
  stoppable<T>(work: () => Promise<T>): Promise<T> {
    return this.#scope.run(work);
  }

  stop(): void {
    this.#scope.cancel();
  }

  selected(phase: Phase): boolean {
    return isSelected(phase, this.input);
  }

  get admissions(): Admissions {
    return this.#admissions;
  }

  /** What has to be done once the swap is committed, whoever cancels. */
  finishing<T>(work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(work);
  }

  /** Runs one phase, if it is selected, and keeps its place, time and result for `status`. */
  async phase<T extends PhaseResult>(
    name: Phase,
    work: (status: StepStatus) => Promise<T>,
    state?: ReleaseState,
  ): Promise<T | undefined> {
    const status = this.phaseStatus(name);
    if (!this.selected(name)) return undefined;
    const started = Date.now();
    this.status.phase = name;
    Object.assign(status, { progress: 'running', startedAt: new Date(started).toISOString() });
    try {
      const result = await work(status);
      Object.assign(status, { progress: 'done', seconds: secondsSince(started), result });
      if (state) this.status.state = state;
      return result;
    } catch (error) {
      Object.assign(status, { progress: 'failed', seconds: secondsSince(started) });
      if (!isCancellation(error)) this.status.lastFailure = { phase: name, ...describeFailure(error) };
      throw error;
    }
  }

  skip(name: Phase, reason: string): void {
    Object.assign(this.phaseStatus(name), { progress: 'skipped', result: { reason } });
  }

  /** What is left has nothing to do; the lock is given back all the same. */
  skipRest(reason: string): void {
    const rest = this.status.phases.filter((phase) => phase.progress === 'pending' && phase.name !== 'release_lock');
    for (const phase of rest) Object.assign(phase, { progress: 'skipped', result: { reason } });
  }

  async keepManifest(written: Promise<ManifestSummary | { skipped: string }>): Promise<object> {
    const result = await written;
    if (!('digest' in result)) return result;
    this.manifest = result;
    return { digest: result.digest };
  }

  phaseStatus(name: Phase): StepStatus {
    const status = this.status.phases.find((phase) => phase.name === name);
    if (!status) throw new Error(`no phase ${name}`);
    return status;
  }

  result(): ReleaseResult {
    const { label, state } = this.status;
    return {
      releaseId: this.plan?.release.releaseId ?? 0,
      label,
      state,
      backupStamp: this.backupStamp,
      manifest: this.manifest,
      stoppedAfter: this.input.stopAfter,
    };
  }

  #answerMessages(): void {
    setHandler(statusQuery, () => ({ ...this.status, dryRun: this.dryRun, releaseId: this.plan?.release.releaseId }));
    setHandler(manifestQuery, () => this.manifest);
    setHandler(dryRunSignal, (on) => {
      if (!this.committed) this.dryRun = on || this.sampled;
    });
    setHandler(abortSignal, () => this.#abort());
    setHandler(abortUpdate, async () => {
      this.#abort();
      await condition(() => this.ended || this.committed);
      return this.#abortAnswer();
    });
    setHandler(admittedUpdate, () => this.#admissions.answer());
  }

  #abort(): void {
    if (this.committed || this.ended) return;
    this.aborting = true;
    this.status.waitingFor = 'the statement in flight to end, then the release is aborted';
    this.stop();
  }

  #abortAnswer(): AbortAnswer {
    if (this.committed) {
      return {
        aborting: false,
        reason: 'the swap was committed before the abort arrived: the release is live; roll it back if it is wrong',
      };
    }
    return { aborting: this.status.state === 'aborted', reason: `the release ended as ${this.status.state}` };
  }
}

/** Bad input fails the workflow at once; an error of another kind would leave it hanging in task retries. */
function checkedInput(raw: unknown): ReleaseInput {
  const parsed = parseReleaseInput(raw);
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not a release: ${parsed.problems.join('; ')}`,
    'BadInput',
    parsed.problems,
  );
}

/** The room's own message, without the frames that Temporal puts around it. */
export function describeFailure(error: unknown): { type: string; message: string } {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Error', message: cause.message };
  return {
    type: cause instanceof Error ? cause.name : 'Error',
    message: cause instanceof Error ? cause.message : String(cause),
  };
}

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

  allAnswered(): Promise<void> {
    return condition(allHandlersFinished);
  }
}

/** Who holds the lock, when that is why it failed. */
function holderIn(error: unknown): LockHolder | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== 'LockHeld') return undefined;
  const [facts] = (cause.details ?? []) as { holder?: LockHolder }[];
  return facts?.holder;
}

export function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 100) / 10;
}
