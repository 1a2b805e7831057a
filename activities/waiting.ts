import { describeParked, type Parked, type Phase, type WaitAnswer } from '../contracts/index.ts';
import type { ActivityDeps } from './deps.ts';
import { type ReleaseRef, recordEvent } from './postgres/releases.ts';
import { runStep, type Step } from './step.ts';

export interface WaitingReport {
  kind: 'promote' | 'retry';
  phase: Phase;
  /** ISO 8601, UTC. */
  until: string;
  /** What it waits for, as one line. */
  line: string;
  answers: WaitAnswer[];
  /** What failed, if it waits for a retry. */
  failure?: { type: string; message: string };
}

export interface AnswerReport {
  event: 'promoted' | 'retried' | 'parked';
  phase: Phase;
  by: string;
  facts: Record<string, unknown>;
  parked?: Parked | undefined;
  /** What had failed before it was parked. */
  failure?: { type: string; message: string } | undefined;
}

/** A release that waits says so in the database too: for people who look there, and not at Temporal. */
export function waitingActivities(deps: ActivityDeps) {
  return {
    async noteWaiting(release: ReleaseRef, report: WaitingReport): Promise<void> {
      const { kind, phase, until, line, answers, failure } = report;
      await runStep(deps, release, { phase, step: 'note waiting' }, async (step) => {
        const commands = answers.map(({ command }) => command);
        const text = failure ? `${line}; answer with ${commands.join(', ')}` : null;
        await note(step, release, `waiting_for_${kind}`, text, {
          phase,
          until,
          answers: commands,
          ...failure,
        });
        deps.log(failure ? 'error' : 'info', `waiting_for_${kind}`, {
          phase,
          release_id: release.releaseId,
          label: release.label,
          until,
          ...(failure ? { error_class: failure.type, error_message: failure.message } : {}),
        });
        const how = answers.map(({ command, effect }) => `• \`${command}\`: ${effect}`);
        await deps.notify([`Release ${release.label} ${line}`, ...how].join('\n'));
      });
    },

    async noteAnswered(release: ReleaseRef, { event, phase, by, facts, parked, failure }: AnswerReport): Promise<void> {
      await runStep(deps, release, { phase, step: 'note answered' }, async (step) => {
        // It waits for nothing any more. What a parked release has failed with stays to be read.
        await note(step, release, event, parked ? describeParked(parked, failure) : null, { phase, by, ...facts });
        deps.log('info', event, { phase, release_id: release.releaseId, label: release.label, by, ...facts });
        if (event === 'parked') {
          void deps.notify(
            `Release ${release.label} was parked in ${phase} by ${by}; it goes on with \`${facts.go_on}\``,
          );
        }
      });
    },
  };
}

/** The event and the text in one transaction. */
async function note(
  step: Step,
  release: ReleaseRef,
  event: string,
  errorText: string | null,
  payload: Record<string, unknown>,
): Promise<void> {
  await step.db.transaction(async (session) => {
    await session.query(
      `update releases set error_text = $2, updated_at = clock_timestamp() at time zone 'utc' where id = $1`,
      [release.releaseId, errorText],
    );
    await recordEvent(session, release.releaseId, event, payload);
  });
}
