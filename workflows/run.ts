import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  log,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { ImportResult, ReleasePlan, ReleaseRef } from '../activities/index.ts';
import {
  ALREADY_SWAPPED,
  isSelected,
  type ManifestSummary,
  type Parked,
  PHASES,
  type Phase,
  parseReleaseInput,
  type ReleaseInput,
  type ReleaseResult,
  type ReleaseState,
  type ReleaseStatus,
  type StepStatus,
  type WaitingFor,
} from '../contracts/index.ts';
import { Admissions } from './admissions.ts';
import { SearchAttributes, scheduledAt } from './attributes.ts';
import { detailsOf } from './details.ts';
import { describeFailure, isMendable } from './failure.ts';
import { listenForMessages } from './listening.ts';
import type { Swapped } from './swap.ts';
import { ParkedError, Waiting } from './waiting.ts';

/** What a phase answers: small counts for the status, or why there was nothing to do. */
type PhaseResult = object | undefined;

const AFTER_SWAP: readonly Phase[] = ['create_portal_downloads_view', 'post_swap', 'cleanup_and_retention'];

/** The state of one release: what its messages change and its queries answer. */
export class ReleaseRun {
  readonly input: ReleaseInput;
  readonly status: ReleaseStatus;
  plan: ReleasePlan | undefined;
  manifest: ManifestSummary | undefined;
  backupStamp: string | undefined;
  dryRun: boolean;
  swapped: Swapped | undefined;
  /** Nothing more is done but to write down the end and to give the lock back. */
  ended = false;
  lockGivenBack = false;
  aborting = false;
  parked: Parked | undefined;
  /** OIDs of what an abort could not drop: somebody locks it. */
  stagingLeft: string[] | undefined;
  /** Why the keeper ended: the lock is refused or lost. */
  lockFailure: unknown;
  /** Importers that are done: a retry of their phase leaves them out. */
  readonly imported = new Map<string, ImportResult>();
  readonly admissions = new Admissions();
  readonly waiting = new Waiting(this);
  readonly #scope = new CancellationScope();
  readonly #attributes = new SearchAttributes();

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
    listenForMessages(this);
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

  /**
   * Why the run ends: whatever ended an activity of a run that was aborted, it is the abort. (One on a frozen worker is not
   * cancelled; it runs out of time.)
   */
  stoppedBy(error: unknown): unknown {
    const isAborted = this.#scope.consideredCancelled && !this.committed;
    if (!isAborted || isCancellation(error) || error instanceof ParkedError) return error;
    return new CancelledFailure('the release was aborted', [], error instanceof Error ? error : undefined);
  }

  /** From COMMIT of the swap on there is no way back but a rollback; nor in a run that starts at what comes after it. */
  get committed(): boolean {
    const { phase } = this.status;
    return this.swapped !== undefined || (phase !== undefined && AFTER_SWAP.includes(phase));
  }

  commit(swapped: Swapped): void {
    this.swapped = swapped;
    this.backupStamp = swapped.stamp ?? undefined;
    this.status.state = 'swapped';
    this.status.lastBlockers = undefined;
    // An abort that came too late was told so.
    this.aborting = false;
    this.waitFor(undefined);
  }

  selected(phase: Phase): boolean {
    return isSelected(phase, this.input);
  }

  /** The lock is another's: whatever is being done here ends. */
  loseLock(failure: unknown): void {
    this.lockFailure = failure;
    this.stop();
  }

  get release(): ReleaseRef {
    if (!this.plan) throw new Error('the release is not open yet');
    return this.plan.release;
  }

  /** Brings the Web UI up to date: its details, and the search attributes where state or phase changed. */
  show(): void {
    setCurrentDetails(detailsOf({ ...this.status, dryRun: this.dryRun, releaseId: this.plan?.release.releaseId }));
    this.#attributes.keep(this.status);
  }

  waitFor(waitingFor: WaitingFor | undefined): void {
    this.status.waitingFor = waitingFor;
    this.show();
  }

  /** A signal has no answer, so that it was not taken is put where people look. */
  refuseSignal(name: string, reason: string): void {
    log.warn('a signal was not taken', { name, reason });
    this.status.lastRefusal = `${name}: ${reason}`;
    this.show();
  }

  /** What has to be done once the swap is committed, whoever cancels. */
  finishing<T>(work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(work);
  }

  /**
   * Runs one phase, if it is selected, and keeps its place, time and result for `status`. A failure that can be mended
   * waits for a retry; then the phase runs again.
   */
  async phase<T extends PhaseResult>(
    name: Phase,
    work: (status: StepStatus) => Promise<T>,
    state?: ReleaseState,
  ): Promise<T | undefined> {
    if (!this.selected(name)) return undefined;
    for (;;) {
      try {
        return await this.#once(name, work, state);
      } catch (error) {
        if (this.input.onFailure === 'fail' || !isMendable(name, error)) throw error;
        await this.waiting.forRetry(name, error);
      }
    }
  }

  async #once<T extends PhaseResult>(
    name: Phase,
    work: (status: StepStatus) => Promise<T>,
    state: ReleaseState | undefined,
  ): Promise<T> {
    const status = this.phaseStatus(name);
    const started = Date.now();
    this.status.phase = name;
    Object.assign(status, { progress: 'running', startedAt: new Date(started).toISOString(), seconds: undefined });
    this.show();
    try {
      const result = await work(status);
      const skipped = skippedBecause(result);
      const isDone = skipped === undefined || skipped === ALREADY_SWAPPED;
      Object.assign(status, { progress: isDone ? 'done' : 'skipped', seconds: secondsSince(started), result });
      if (skipped === ALREADY_SWAPPED) this.commit({ outcome: ALREADY_SWAPPED });
      else if (state && isDone) this.status.state = state;
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
      wasLive: this.plan?.wasLive,
      parked: this.parked,
      stagingLeft: this.status.stagingLeft,
    };
  }
}

/** Bad input fails the workflow at once; an error of another kind would leave it hanging in task retries. */
function checkedInput(raw: unknown): ReleaseInput {
  const parsed = parseReleaseInput(raw, scheduledAt());
  if (parsed.ok) return parsed.value;
  throw ApplicationFailure.nonRetryable(
    `the input is not a release: ${parsed.problems.join('; ')}`,
    'BadInput',
    parsed.problems,
  );
}

function skippedBecause(result: object | undefined): unknown {
  return result && 'skipped' in result ? result.skipped : undefined;
}

export function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 100) / 10;
}
