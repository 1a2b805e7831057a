import {
  type Client,
  isGrpcDeadlineError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { readOwner } from '../activities/postgres/owner.ts';
import { findRelease, type ReleaseRow } from '../activities/postgres/releases.ts';
import { databaseUrl, type Environment } from './config.ts';
import { withDatabase } from './database.ts';
import { CommandError, EXIT } from './errors.ts';
import { ending } from './launch.ts';

/** Without a worker an update would wait for ever. */
const ANSWER_LIMIT_MS = 60_000;

/**
 * The release that runs, which is the one that messages are for.
 *
 * @throws CommandError with exit code 3 when none runs, or another one than the label says
 */
export async function runningRelease(
  label: string | undefined,
  environment: Environment,
  to: string,
): Promise<ReleaseRow & { workflow_id: string }> {
  const { owner, release } = await withDatabase(databaseUrl(environment), (db) =>
    db.session(async (session) => {
      const owner = await readOwner(session);
      return { owner, release: owner && (await findRelease(session, { workflowId: owner.workflowId })) };
    }),
  );
  const refuse = (why: string) => new CommandError(EXIT.refused, `there is nothing to ${to}: ${why}`);
  if (!owner) throw refuse('nothing is running; pp-release status shows how the newest release ended');
  if (!release) throw refuse(`what is running is the ${owner.purpose}, which waits for nobody`);
  if (label && release.label !== label) {
    throw refuse(`release ${label} is not running, release ${release.id} ${release.label} is`);
  }
  return { ...release, workflow_id: owner.workflowId };
}

/** Sends an update and gives its answer. @throws CommandError with exit code 3 when the workflow refuses it */
export async function update<R>(
  client: Client,
  workflowId: string,
  what: string,
  send: (handle: WorkflowHandle) => Promise<R>,
): Promise<R> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_LIMIT_MS, () => send(handle));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw unknownWorkflow(workflowId, what, error);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error)) {
      const limit = `${ANSWER_LIMIT_MS / 1000} s`;
      const message = `no worker has answered within ${limit}: is one running? Start one with pp-release worker, or npm run stack -- up, and look at pp-release status`;
      throw new CommandError(EXIT.failed, message, {}, { cause: error });
    }
    throw ending(error, what);
  }
}

/** It has ended meanwhile; or Temporal has lost its data, and only the database says that it waits. */
export function unknownWorkflow(workflowId: string, what: string, cause: Error): CommandError {
  const why = `Temporal knows no workflow ${workflowId} that runs: it has ended, or Temporal has lost its data`;
  const next =
    'pp-release status shows what is left; the next start takes its lock over, with --start-at PHASE it goes on';
  return new CommandError(EXIT.refused, `there was no ${what}: ${why}; ${next}`, { workflowId }, { cause });
}
