import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type AbortAnswer,
  type Admission,
  type ByRequest,
  type ManifestSummary,
  MESSAGE,
  type ParkAnswer,
  type PromoteAnswer,
  type PromoteRequest,
  type ReleaseStatus,
  type RetryAnswer,
  type RollbackStatus,
} from '../contracts/index.ts';

/** Update, used with start: answers once the lock is held, or says who holds it. */
export const admittedUpdate = defineUpdate<Admission>(MESSAGE.admitted);
/** Stops the release wherever it is until COMMIT of the swap is sent. The update answers which side it met. */
export const abortSignal = defineSignal(MESSAGE.abort);
export const abortUpdate = defineUpdate<AbortAnswer>(MESSAGE.abort);
/**
 * Turns dry run on or off, at any time before the swap; on where the input is left out. Off opens no gate: a release under
 * review waits for promote.
 */
export const dryRunSignal = defineSignal<[boolean?]>(MESSAGE.dryRun);
/** Opens the gate of a release under review. */
export const promoteSignal = defineSignal<[PromoteRequest]>(MESSAGE.promote);
export const promoteUpdate = defineUpdate<PromoteAnswer, [PromoteRequest]>(MESSAGE.promote);
/** Runs a failed phase again, once its cause is mended. */
export const retrySignal = defineSignal<[ByRequest]>(MESSAGE.retry);
export const retryUpdate = defineUpdate<RetryAnswer, [ByRequest]>(MESSAGE.retry);
/** Ends a release that waits as a dry run: staging and manifest stay, the lock is given back. */
export const parkSignal = defineSignal<[ByRequest]>(MESSAGE.park);
export const parkUpdate = defineUpdate<ParkAnswer, [ByRequest]>(MESSAGE.park);
export const statusQuery = defineQuery<ReleaseStatus>(MESSAGE.status);
export const manifestQuery = defineQuery<ManifestSummary | undefined>(MESSAGE.manifest);
/** The same name, asked of a rollback. */
export const rollbackStatusQuery = defineQuery<RollbackStatus>(MESSAGE.status);
