import { setTimeout as delay } from 'node:timers/promises';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { TASK_QUEUE, WORKFLOW } from '../contracts/index.ts';
import { labelOf } from '../contracts/label.ts';
import { type Drawn, strike } from './faults.ts';
import type { ChaosStack } from './stack.ts';
import {
  differing,
  eventsAfter,
  type Live,
  lastEvent,
  leftOver,
  logAfter,
  logSize,
  look,
  newestBackup,
  releaseState,
} from './state.ts';

export type Action = 'release' | 'rollback';

/** An undisturbed run, which all others are held against. */
export interface Undisturbed {
  after: Live;
  ms: number;
}

export interface Outcome {
  ended: 'done' | 'failed' | 'did not end';
  /** What was being done when the fault struck. */
  during: string;
  after: Live;
  /** With the checks, and without them. */
  seconds: number;
  actionMs: number;
  broken: string[];
}

/** The longest that a fault may hold an action up: heartbeats of several steps run out, servers recover. */
const LIMIT_MS = 240_000;
/** A session of a killed process ends within client_connection_check_interval, and the keeper's with its activity. */
const QUIET_LIMIT_MS = 15_000;

/** Runs actions one after the other and holds each against the undisturbed ones. */
export class Runs {
  readonly #stack: ChaosStack;
  readonly #temporal: Client;
  #count = 0;

  constructor(stack: ChaosStack, temporal: Client) {
    this.#stack = stack;
    this.#temporal = temporal;
  }

  /**
   * @param before what was live before the action
   * @param expected what the action gives when nobody disturbs it; nothing for the undisturbed run itself
   */
  async run(
    action: Action,
    before: Live | undefined,
    expected?: Undisturbed,
    fault?: Drawn & { afterMs: number },
  ): Promise<Outcome> {
    const stack = this.#stack;
    const started = Date.now();
    const since = (await lastEvent(stack)).id;
    const logged = logSize(stack);
    const label = labelOf(new Date(Date.UTC(2030, this.#count++)));
    const workflowId = `chaos-${this.#count}-${action}`;
    const input =
      action === 'release'
        ? { label, onFailure: 'fail' }
        : { stamp: await newestBackup(stack), discardStaging: true, by: 'chaos' };
    const startedAction = Date.now();
    await this.#start(WORKFLOW[action], workflowId, input);
    const end = this.#end(workflowId);
    let during = '';
    let mend = async () => {};
    if (fault) {
      await delay(fault.afterMs);
      during = (await lastEvent(stack)).phase;
      mend = await strike(stack, fault, this.#temporal);
    }
    const ended = await end;
    const actionMs = Date.now() - startedAction;
    const atTheEnd = await look(stack);
    await mend();
    const broken = await this.#leftOvers();
    const after = await look(stack);
    if (differing(atTheEnd.rows, after.rows).length > 0) broken.push('a thawed worker changed live');
    if (atTheEnd.staging.join() !== after.staging.join()) broken.push('a thawed worker changed staging');
    if (before && expected) broken.push(...wholeness(before, expected.after, after, ended));
    // Each of the faults passes, so each is survived: nobody has to start anything anew.
    if (ended !== 'done')
      broken.push(
        ended === 'failed' ? `the ${action} failed: ${await this.#reason(workflowId)}` : 'the action did not end',
      );
    const log = logAfter(stack, logged).map(({ event }) => event);
    // A worker that was killed between COMMIT and its line has left the line out.
    const silenced = fault?.fault === 'worker killed' || fault?.fault === 'worker frozen';
    broken.push(...told(action, ended, await eventsAfter(stack, since), silenced ? undefined : log));
    if (action === 'release') {
      const state = (await releaseState(stack, label))?.state;
      if (state !== (ended === 'done' ? 'succeeded' : 'failed')) broken.push(`the release's state is ${state}`);
    }
    return { ended, during, after, actionMs, seconds: (Date.now() - started) / 1000, broken };
  }

  /** A server that was killed answers before all of its parts do. */
  async #start(type: string, workflowId: string, input: object): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      try {
        await this.#temporal.workflow.start(type, { workflowId, taskQueue: TASK_QUEUE, args: [input] });
        return;
      } catch (error) {
        // An earlier try was taken, only its answer was lost.
        if (error instanceof WorkflowExecutionAlreadyStartedError) return;
        if (Date.now() > deadline) throw error;
        await delay(200);
      }
    }
  }

  /** Waits through whatever happens to Temporal meanwhile. */
  async #end(workflowId: string): Promise<Outcome['ended']> {
    const deadline = Date.now() + LIMIT_MS;
    const handle = this.#temporal.workflow.getHandle(workflowId);
    while (Date.now() < deadline) {
      try {
        const { status } = await handle.describe();
        if (status.name === 'COMPLETED') return 'done';
        if (status.name !== 'RUNNING') {
          await handle.result();
        }
      } catch (error) {
        if (error instanceof WorkflowFailedError) return 'failed';
        // The server is away for a while.
      }
      await delay(200);
    }
    await handle.terminate('it did not end in time');
    return 'did not end';
  }

  async #reason(workflowId: string): Promise<string> {
    const error = await this.#temporal.workflow
      .getHandle(workflowId)
      .result()
      .catch((failure: Error) => failure);
    const messages: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
    return messages.join(': ');
  }

  /** Asked until it is quiet: sessions of killed processes take a moment. */
  async #leftOvers(): Promise<string[]> {
    const deadline = Date.now() + QUIET_LIMIT_MS;
    for (;;) {
      const left = await leftOver(this.#stack);
      if (left.length === 0 || Date.now() > deadline) return left.map((what) => `left over: ${what}`);
      await delay(100);
    }
  }
}

/** Live is wholly the old or wholly the new, and the answer of the workflow is true. */
function wholeness(before: Live, expected: Live, after: Live, ended: Outcome['ended']): string[] {
  const changed = after.releaseId !== before.releaseId;
  const broken: string[] = [];
  const wrong = changed ? differing(expected.contents, after.contents) : differing(before.rows, after.rows);
  if (wrong.length > 0)
    broken.push(`${changed ? 'not the undisturbed data' : 'not the old data'}: ${wrong.join(', ')}`);
  if (ended === 'done' && !changed) broken.push('it says it is done, but the old release is current');
  if (ended === 'done' && after.staging.join() !== expected.staging.join()) {
    broken.push(`staging is not what an undisturbed run leaves: ${after.staging.join(', ') || 'nothing'}`);
  }
  return broken;
}

/** The events, and the log where it was not cut off, tell how it ended. */
function told(action: Action, ended: Outcome['ended'], events: string[], log: string[] | undefined): string[] {
  const done = action === 'release' ? 'swap_completed' : 'rollback_completed';
  const failed = action === 'release' ? 'exception' : 'rollback_failed';
  const wanted = ended === 'done' ? done : failed;
  return [
    ...(events.includes(wanted) ? [] : [`no event ${wanted}, only ${events.join(', ')}`]),
    ...(!log || log.includes(wanted) ? [] : [`no line ${wanted} in the log, only ${log.join(', ')}`]),
  ];
}
