import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type AbortAnswer,
  type Admission,
  type ManifestSummary,
  MESSAGE,
  type ReleaseStatus,
  type RollbackStatus,
} from '../contracts/index.ts';

/** Update, used with start: answers once the lock is held, or says who holds it. */
export const admittedUpdate = defineUpdate<Admission>(MESSAGE.admitted);
/** Stops the release wherever it is until COMMIT of the swap is sent. The update answers which side it met. */
export const abortSignal = defineSignal(MESSAGE.abort);
export const abortUpdate = defineUpdate<AbortAnswer>(MESSAGE.abort);
/** Turns dry run on or off, at any time before the swap. */
export const dryRunSignal = defineSignal<[boolean]>(MESSAGE.dryRun);
export const statusQuery = defineQuery<ReleaseStatus>(MESSAGE.status);
export const manifestQuery = defineQuery<ManifestSummary | undefined>(MESSAGE.manifest);
/** The same name, asked of a rollback. */
export const rollbackStatusQuery = defineQuery<RollbackStatus>(MESSAGE.status);
