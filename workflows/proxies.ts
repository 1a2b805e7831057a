import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/** What the Web UI shows beside each activity's name. */
const SUMMARIES: Readonly<Record<keyof Activities, string>> = {
  keepLock: 'holds the release lock',
  acquireLock: 'takes the lock and opens the release',
  releaseLock: 'gives the lock back',
  dropClaim: 'gives the lock back',
  createStagingMaterializedViews: 'fills the staging views from the portal',
  preflight: 'checks and indexes the staging views',
  buildStaging: 'makes the staging tables',
  openImport: 'opens an import phase',
  runImporter: 'runs one importer',
  closeImport: 'closes an import phase',
  validateAndManifest: 'validates staging, writes the manifest',
  prepareSwap: 'prepares staging for the swap',
  attemptSwap: 'one round of the swap',
  findSwap: 'asks whether the swap was committed',
  finishSwap: 'what follows the swap outside its lock',
  createPortalDownloadsView: 'proves the downloads view',
  postSwap: 'vacuums what is live',
  cleanupAndRetention: 'drops old backups, marks the success',
  resetCheckpoints: "clears the importers' marks",
  markFailed: 'writes down the failure',
  markAborted: 'writes down the abort, drops staging',
  dropLeftStaging: 'waits for the locks of staging, then drops it',
  noteDryRun: 'writes down the dry run',
  noteWaiting: 'writes down what the release waits for',
  noteAnswered: 'writes down the answer',
  acquireLockForCurrent: 'waits for the lock',
  prepareRollback: 'prepares the backup for the rollback',
  attemptRollback: 'one round of the rollback',
  finishRollback: 'what follows the rollback outside its lock',
  findRollback: 'asks whether the rollback was committed',
  noteOperationFailed: 'writes down how it ended',
  cleanBackups: 'drops old backups',
  probe: 'swaps a table of its own, reads a row of the portal',
};

/** All activities with these options, each with its summary. */
function summarised(options: ActivityOptions) {
  type Proxied = ReturnType<typeof proxyActivities<Activities>>;
  const names = Object.keys(SUMMARIES) as (keyof Activities)[];
  const proxied = names.map((name) => [
    name,
    proxyActivities<Activities>({ ...options, summary: SUMMARIES[name] })[name],
  ]);
  return Object.fromEntries(proxied) as Proxied;
}

/**
 * Time limits and retries by name. Attempts are unlimited: a time-out or a worker's shutdown is no failure of the phase,
 * and a failure that is the operator's to mend is marked as not retryable. scheduleToClose bounds it all.
 * WAIT_CANCELLATION_COMPLETED: an abort goes on only once the SQL in flight has ended, or was given up (database.ts).
 */
const common = {
  // Seventy-five beats in a row that did not arrive: the worker is dead or frozen, and its step is another's to do.
  heartbeatTimeout: '15s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} satisfies ActivityOptions;

/** A few statements. */
export const quick = summarised({ ...common, startToCloseTimeout: '2m', scheduleToCloseTimeout: '1h' });
/** Writes down what people and the next release have to know, and gives the lock back: tried for as long as it takes. */
export const lasting = summarised({ ...common, startToCloseTimeout: '2m' });
/** Reads the portal or moves the data. */
export const long = summarised({ ...common, startToCloseTimeout: '3h', scheduleToCloseTimeout: '12h' });
/** One round of the swap. */
export const swap = summarised({
  ...common,
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '1h',
  retry: { initialInterval: '200ms', backoffCoefficient: 1.5, maximumInterval: '5s' },
});
/** Holds the lock for as long as the release takes. */
export const keeper = summarised({
  ...common,
  startToCloseTimeout: '60d',
  // Shorter than the others': until it has run out, a killed worker's lock has nobody who holds it.
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '5s' },
});
