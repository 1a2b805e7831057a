import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/**
 * Time limits and retries by name. Attempts are unlimited: a time-out or a worker's shutdown is no failure of the phase,
 * and a failure that is the operator's to mend is marked as not retryable. scheduleToClose bounds it all.
 * WAIT_CANCELLATION_COMPLETED: an abort goes on only once the SQL in flight has ended.
 */
const common = {
  heartbeatTimeout: '30s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} satisfies ActivityOptions;

/** A few statements. */
export const quick = proxyActivities<Activities>({
  ...common,
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
});
/** Reads the portal or moves the data. */
export const long = proxyActivities<Activities>({
  ...common,
  startToCloseTimeout: '3h',
  scheduleToCloseTimeout: '12h',
});
/** One round of the swap. */
export const swap = proxyActivities<Activities>({
  ...common,
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '1h',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '5s' },
});
/** Holds the lock for as long as the release takes. */
export const keeper = proxyActivities<Activities>({
  ...common,
  startToCloseTimeout: '60d',
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '5s' },
});
