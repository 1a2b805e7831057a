import { condition, setHandler } from '@temporalio/workflow';
import { type AbortAnswer, describeStagingLeft } from '../contracts/index.ts';
import { listenForAnswers } from './answers.ts';
import { abortSignal, abortUpdate, admittedUpdate, dryRunSignal, manifestQuery, statusQuery } from './messages.ts';
import type { ReleaseRun } from './run.ts';

/** Answers every message that a release takes at any time; those that answer one which waits are in answers.ts. */
export function listenForMessages(run: ReleaseRun): void {
  setHandler(statusQuery, () => ({ ...run.status, dryRun: run.dryRun, releaseId: run.plan?.release.releaseId }));
  setHandler(manifestQuery, () => run.manifest);
  setHandler(dryRunSignal, (on) => setDryRun(run, on ?? true));
  setHandler(abortSignal, () => abort(run));
  setHandler(abortUpdate, async () => {
    abort(run);
    await condition(() => run.lockGivenBack || run.committed);
    return abortAnswer(run);
  });
  setHandler(admittedUpdate, () => run.admissions.answer());
  listenForAnswers(run);
}

function setDryRun(run: ReleaseRun, on: unknown): void {
  // Whoever sends it by hand may have quoted it, and "false" is not to be taken for yes, nor for no.
  if (typeof on !== 'boolean') {
    run.refuseSignal('dryRun', `its input is ${JSON.stringify(on)}: give true or false, without quotes`);
  } else if (run.committed) {
    run.refuseSignal('dryRun', `release ${run.input.label} is live already; roll it back if it is wrong`);
  } else {
    run.dryRun = on || run.sampled;
    const { kind, phase } = run.status.waitingFor ?? {};
    const waitsBeforeSwap = kind === 'promote' || (kind === 'retry' && phase === 'finalise_swap');
    if (run.dryRun && waitsBeforeSwap) run.waiting.answer({ kind: 'dry run' });
    run.show();
  }
}

function abort(run: ReleaseRun): void {
  if (run.committed || run.ended) return;
  run.aborting = true;
  const text = 'the statement in flight is stopped, then the release is aborted';
  const phase = run.status.phase ?? 'acquire_lock';
  run.waitFor({ kind: 'abort', phase, text, since: new Date().toISOString(), answers: [] });
  run.stop();
}

function abortAnswer(run: ReleaseRun): AbortAnswer {
  if (run.committed) {
    const { label, waitingFor } = run.status;
    const next = waitingFor
      ? `; it waits for a retry of ${waitingFor.phase}: mend the cause, then pp-release retry ${label}`
      : '';
    return {
      aborting: false,
      reason: `the swap was committed before the abort arrived: the release is live; roll it back if it is wrong${next}`,
    };
  }
  const { state, stagingLeft, lastFailure } = run.status;
  if (state === 'aborted') {
    const left = stagingLeft ? `, and ${describeStagingLeft(stagingLeft)}` : '';
    return { aborting: true, reason: `the release ended as aborted${left}`, stagingLeft };
  }
  const { parked } = run;
  if (parked) {
    const reason = `it was parked by ${parked.by} before the abort arrived: its staging is kept, the lock is free; it goes on with ${parked.goOn}`;
    return { aborting: false, reason, parked };
  }
  const how = state === 'failed' ? `it failed in ${lastFailure?.phase}` : `it ended, in state ${state},`;
  return { aborting: false, reason: `${how} before the abort arrived; the lock is free; pp-release status tells more` };
}
