import { resolve } from 'node:path';
import { type Client, isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../activities/postgres/database.ts';
import { dropAbandoned, outsideHolder } from '../activities/postgres/lock.ts';
import { holderOf, readOwner } from '../activities/postgres/owner.ts';
import { findRelease } from '../activities/postgres/releases.ts';
import { type Amount, type Beat, type LockHolder, type ReleaseStatus, SEARCH_ATTRIBUTES } from '../contracts/index.ts';
import { howClosedHere } from '../worker/how_closed.ts';
import { statusQuery } from '../workflows/messages.ts';

/** What an activity in flight says of itself in its heartbeat; queries cannot see it. */
export interface PendingStep {
  activity: string;
  attempt: number;
  /** Which step of the activity: `importer pame`. */
  step: string | undefined;
  detail: string | undefined;
  amount: Amount | undefined;
  since: string | undefined;
  lastFailure: string | undefined;
}

/** Status of the newest release (specification, "Status Checking"), with what its workflow says while it runs. */
export interface StatusReport {
  id: number;
  label: string;
  state: string;
  is_current: boolean;
  created_at: string;
  updated_at: string;
  error_text: string | null;
  manifest_url: string | null;
  manifest_path: string | null;
  backup_stamp: string | null;
  workflow_id: string | null;
  run_id: string | null;
  lock: LockHolder | null;
  /** Why there is no word of the workflow, although it runs; the rest is what the database and Temporal know. */
  unanswered: string | null;
  workflow: ReleaseStatus | null;
  pending: PendingStep[];
}

/** A workflow that was terminated could not end its release: whoever looks puts that right. */
export async function readStatus(
  db: Database,
  client: Client | undefined,
  options: { label?: string; manifestDir: string },
): Promise<StatusReport | undefined> {
  const { release, lock } = await db.session(async (session) => {
    const owner = client ? await dropAbandoned(session, howClosedHere(client)) : await readOwner(session);
    const lock = owner ? holderOf(owner) : await outsideHolder(session);
    return { lock, release: await findRelease(session, options.label ? { label: options.label } : {}) };
  });
  if (!release) return undefined;
  const {
    id,
    label,
    state,
    is_current,
    created_at,
    updated_at,
    error_text,
    manifest_url,
    backup_stamp,
    workflow_id,
    run_id,
  } = release;
  const answered = client && workflow_id ? await askWorkflow(client, workflow_id) : undefined;
  // What a terminated workflow answers is what it was doing then, so the database's word counts.
  const live = answered?.wasCut ? undefined : answered;
  return {
    id,
    label,
    state,
    is_current,
    created_at,
    updated_at,
    error_text,
    manifest_url,
    // The old system wrote the address down, but its file is not in our folder.
    manifest_path: workflow_id && manifest_url && resolve(options.manifestDir, manifest_url.split('/').at(-1) ?? ''),
    backup_stamp,
    workflow_id,
    run_id,
    lock: lock ?? null,
    unanswered: live?.running ? (live.unanswered ?? null) : null,
    workflow: live?.status ?? null,
    pending: live?.pending ?? [],
  };
}

export interface WorkflowAnswer {
  status: ReleaseStatus | undefined;
  /** Why there is no status. */
  unanswered: string | undefined;
  running: boolean;
  /** Terminated, or closed by a time limit: it could not write down its end. */
  wasCut: boolean;
  pending: PendingStep[];
}

/** A workflow that is gone, or that no worker can answer for, leaves the database's word. */
export async function askWorkflow(client: Client, workflowId: string): Promise<WorkflowAnswer | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    const description = await handle.describe();
    const pending = (description.raw.pendingActivities ?? [])
      .filter((activity) => activity.activityType?.name !== 'keepLock')
      .map((activity) => {
        const beat = decode(activity.heartbeatDetails?.payloads?.[0]?.data);
        return {
          activity: activity.activityType?.name ?? '',
          attempt: activity.attempt ?? 1,
          step: beat?.step,
          detail: beat?.detail || undefined,
          amount: beat?.amount,
          since: beat?.since,
          lastFailure: activity.lastFailure?.message ?? undefined,
        };
      });
    const { name } = description.status;
    const running = name === 'RUNNING';
    const wasCut = name === 'TERMINATED' || name === 'TIMED_OUT';
    const told = describeAttributes(description.searchAttributes);
    const { status, unanswered } = await queryStatus(client, workflowId, told);
    return { status, unanswered, running, wasCut, pending };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** How long a worker may take to answer. */
const QUERY_LIMIT_MS = 3_000;

/** No worker may answer, and a workflow whose input was bad never had a status: that is told, and no error. */
async function queryStatus(
  client: Client,
  workflowId: string,
  told: string,
): Promise<{ status?: ReleaseStatus; unanswered?: string }> {
  try {
    const status = await client.withDeadline(Date.now() + QUERY_LIMIT_MS, () =>
      client.workflow.getHandle(workflowId).query(statusQuery),
    );
    return { status };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { message } = error;
    const isSilence = error instanceof ServiceError || isGrpcServiceError(error);
    const why = isSilence ? 'no worker answers' : message;
    return {
      unanswered: `workflow ${workflowId} does not say how it is (${why}); Temporal knows ${told}; it goes on as soon as a worker polls: pp-release worker, or npm run stack -- up`,
    };
  }
}

/** State and phase as the workflow has last told them to Temporal. */
function describeAttributes(attributes: Record<string, unknown>): string {
  const [, state, phase] = SEARCH_ATTRIBUTES.map((name) => attributes[name]);
  return state === undefined ? 'neither its state nor its phase' : `state ${String(state)}, phase ${String(phase)}`;
}

function decode(data: Uint8Array | null | undefined): Partial<Beat> | undefined {
  return data ? (JSON.parse(Buffer.from(data).toString('utf8')) as Partial<Beat>) : undefined;
}
