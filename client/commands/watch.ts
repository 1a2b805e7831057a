import type { Client } from '@temporalio/client';
import { findRelease } from '../../activities/postgres/releases.ts';
import type { StepStatus } from '../../contracts/index.ts';
import { databaseUrl, readEnvironment, temporalAddress } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ending } from '../launch.ts';
import type { Output } from '../output.ts';
import { renderPhases } from '../render.ts';
import { askWorkflow, type PendingStep } from '../status.ts';
import { withTemporal } from '../temporal.ts';
import { finish } from './start.ts';

/** How often the workflow is asked: queries cannot be subscribed to. */
const REFRESH_MS = 500;

/** Shows a release's phases, progress and time as they go, until it ends. */
export async function watch(label: string | undefined, output: Output): Promise<void> {
  const environment = readEnvironment();
  const release = await withDatabase(databaseUrl(environment), (db) =>
    db.session((session) => findRelease(session, label ? { label } : {})),
  );
  if (!release?.workflow_id) {
    throw new CommandError(
      EXIT.failed,
      label ? `there is no release ${label} to watch` : 'there is no release to watch yet',
    );
  }
  const workflowId = release.workflow_id;
  await withTemporal(temporalAddress(environment), async (client) => {
    if (!output.json) await follow(client, workflowId, output);
    const handle = client.workflow.getHandle(workflowId);
    finish(
      await handle.result().catch((error: unknown) => Promise.reject(ending(error, `release ${release.label}`))),
      output,
    );
  });
}

/** On a terminal the list is drawn over itself; elsewhere each phase gets a line when it ends. */
export async function follow(client: Client, workflowId: string, output: Output): Promise<void> {
  const show = process.stdout.isTTY ? redraw() : append(output);
  for (;;) {
    const answer = await askWorkflow(client, workflowId);
    if (!answer) throw new CommandError(EXIT.failed, `Temporal knows no workflow ${workflowId} any more`);
    if (answer.status) show(answer.status.phases, answer.pending);
    if (!answer.running) return;
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
  }
}

type Show = (phases: StepStatus[], pending: PendingStep[]) => void;

function redraw(): Show {
  let drawn = 0;
  return (phases, pending) => {
    const lines = renderPhases(phases, pending);
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    const width = process.stdout.columns || 120;
    process.stdout.write(`${up}${lines.map((line) => `\u001b[2K${line.slice(0, width - 1)}\n`).join('')}\u001b[J`);
    drawn = lines.length;
  };
}

function append(output: Output): Show {
  const printed = new Set<string>();
  return (phases, pending) => {
    for (const phase of phases) {
      // In order: what is skipped later on is told when its turn comes.
      if (phase.progress === 'pending' || phase.progress === 'running') return;
      if (printed.has(phase.name)) continue;
      printed.add(phase.name);
      for (const line of renderPhases([phase], pending)) output.say(line);
    }
  };
}
