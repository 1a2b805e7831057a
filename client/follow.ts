import type { Client } from '@temporalio/client';
import { describeStagingLeft, describeWaiting, type ReleaseResult, type ReleaseStatus } from '../contracts/index.ts';
import { Drawing } from './draw.ts';
import { CommandError, EXIT } from './errors.ts';
import { ending } from './launch.ts';
import { endIfOutputIsLost, type Output } from './output.ts';
import { renderPhases } from './render.ts';
import { askWorkflow, type PendingStep } from './status.ts';
import { inEightLines } from './text.ts';

/** A query waits for so long for a worker that died a moment ago; what lasts longer is told. */
const SILENCE_MS = 15_000;
/** How often the workflow is asked: queries cannot be subscribed to. */
const REFRESH_MS = 500;

/**
 * On a terminal the list is drawn over itself; elsewhere each phase gets a line when it ends. When the release begins to
 * wait for somebody, standard error says so: also with --json, and for whoever left it alone.
 */
async function follow(client: Client, workflowId: string, output: Output): Promise<void> {
  const isDrawn = process.stdout.isTTY && !output.json;
  const drawing = isDrawn ? new Drawing(process.stdout) : undefined;
  const show: Show = drawing ? (status, pending) => drawing.show(status, pending) : append(output);
  // A line in between would spoil the drawing, which has it anyway.
  const tell = isDrawn && process.stderr.isTTY ? () => undefined : tellOfWaiting();
  let silentSince: number | undefined;
  let told = false;
  for (;;) {
    const answer = await askWorkflow(client, workflowId);
    endIfOutputIsLost();
    if (!answer) throw new CommandError(EXIT.failed, `Temporal knows no workflow ${workflowId} any more`);
    if (answer.status) {
      show(answer.status, answer.pending);
      if (answer.running) tell(answer.status);
      silentSince = undefined;
    } else if (answer.running && answer.unanswered) {
      silentSince ??= Date.now();
      const isLong = Date.now() - silentSince > SILENCE_MS;
      if (isLong && !told) {
        process.stderr.write(`${answer.unanswered}\n`);
        drawing?.leave();
      }
      told ||= isLong;
    }
    if (!answer.running) {
      drawing?.end();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

type Show = (status: ReleaseStatus, pending: PendingStep[]) => void;

function append(output: Output): Show {
  const printed = new Set<string>();
  return ({ phases }, pending) => {
    for (const phase of phases) {
      // In order: what is skipped later on is told when its turn comes.
      if (phase.progress === 'pending' || phase.progress === 'running') return;
      if (printed.has(phase.name)) continue;
      printed.add(phase.name);
      for (const line of renderPhases([phase], pending)) output.say(line);
    }
  };
}

/** One line for each time that the release begins to wait. */
function tellOfWaiting(): (status: ReleaseStatus) => void {
  let told: string | undefined;
  return ({ label, releaseId, waitingFor }) => {
    if (!waitingFor || waitingFor.kind === 'abort' || waitingFor.since === told) return;
    told = waitingFor.since;
    const commands = waitingFor.answers.map(({ command }) => command).join(' | ');
    const line = `release ${releaseId} ${label} ${describeWaiting(waitingFor)}`;
    process.stderr.write(`${inEightLines(line, 'pp-release status --json has all of it')}; answer with: ${commands}\n`);
  };
}

/**
 * Follows a release to its end, and ends with the exit code that fits the way in which the release did.
 *
 * @throws CommandError where it failed, with the command that goes on with it, if one does
 */
export async function followToEnd(client: Client, workflowId: string, what: string, output: Output): Promise<void> {
  await follow(client, workflowId, output);
  let result: ReleaseResult;
  try {
    result = await client.workflow.getHandle(workflowId).result();
  } catch (error) {
    const failure = ending(error, what);
    const goOn = (await askWorkflow(client, workflowId))?.status?.goOn;
    if (!(failure instanceof CommandError) || !goOn) throw failure;
    const { exitCode, message, facts } = failure;
    throw new CommandError(exitCode, `${message}; go on with ${goOn}`, { ...facts, goOn }, { cause: failure });
  }
  finish(result, output);
}

function finish(result: ReleaseResult, output: Output): void {
  const after = result.stoppedAfter ? ` after ${result.stoppedAfter}` : '';
  const parked = result.parked ? `, parked by ${result.parked.by}; it goes on with ${result.parked.goOn}` : '';
  const left = result.stagingLeft ? `; ${describeStagingLeft(result.stagingLeft)}` : '';
  const live = result.wasLive ? '; it was live already, so nothing was staged or swapped' : '';
  const text = `release ${result.releaseId} ${result.label} ended as ${result.state}${after}${parked}${left}${live}`;
  if (result.state === 'aborted') throw new CommandError(EXIT.failed, text, { ...result });
  output.result(result, text);
}
