import type { ReleaseState } from '../../contracts/index.ts';
import type { Database, Session } from './database.ts';

/** What every step knows of its release; small, because it goes through Temporal's history. */
export interface ReleaseRef {
  releaseId: number;
  label: string;
  /** Start of the release, `YYYY-MM-DD HH:MM:SS.ssssss` in UTC, as created_at and updated_at of new rows take it. */
  startedAt: string;
}

export interface ReleaseRow {
  id: number;
  label: string;
  state: ReleaseState;
  is_current: boolean;
  backup_stamp: string | null;
  manifest_url: string | null;
  error_text: string | null;
  workflow_id: string | null;
  run_id: string | null;
  mode: string | null;
  created_at: string;
  updated_at: string;
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;
const COLUMNS = `id::int, label, state, is_current, to_char(backup_timestamp, 'YYMMDDHH24MI') as backup_stamp, manifest_url,
  error_text, workflow_id, run_id, mode, to_char(created_at, ${ISO}) as created_at, to_char(updated_at, ${ISO}) as updated_at`;

/** The newest release, of one label if given; `where` narrows it by workflow. */
export async function findRelease(
  session: Session,
  by: { label?: string; workflowId?: string; runId?: string; id?: number } = {},
): Promise<ReleaseRow | undefined> {
  const { rows } = await session.query<ReleaseRow>(
    `select ${COLUMNS} from releases
     where ($1::text is null or label = $1) and ($2::text is null or workflow_id = $2)
       and ($3::text is null or run_id = $3) and ($4::bigint is null or id = $4)
     order by id desc limit 1`,
    [by.label ?? null, by.workflowId ?? null, by.runId ?? null, by.id ?? null],
  );
  return rows[0];
}

/** True for a release that is live, or was. */
export async function wasLive(session: Session, releaseId: number): Promise<boolean> {
  const { rowCount } = await session.query('select from pp_release.generations where release_id = $1', [releaseId]);
  return rowCount !== 0;
}

export async function refOf(session: Session, releaseId: number): Promise<ReleaseRef> {
  const { rows } = await session.query<{ label: string; started_at: string }>(
    'select label, created_at::text as started_at from releases where id = $1',
    [releaseId],
  );
  const row = rows[0];
  if (!row) throw new Error(`there is no release ${releaseId}`);
  return { releaseId, label: row.label, startedAt: row.started_at };
}

export async function insertRelease(
  session: Session,
  release: { label: string; mode: string; workflowId: string; runId: string },
): Promise<number> {
  const { rows } = await session.query<{ id: number }>(
    `insert into releases (label, state, mode, workflow_id, run_id, created_at, updated_at)
     values ($1, 'started', $2, $3, $4, clock_timestamp() at time zone 'utc', clock_timestamp() at time zone 'utc')
     returning id::int`,
    [release.label, release.mode, release.workflowId, release.runId],
  );
  return (rows[0] as { id: number }).id;
}

/** Sets a release's state; an error text goes with `failed` and is cleared by any other state. */
export async function setState(
  session: Session,
  releaseId: number,
  state: ReleaseState,
  errorText: string | null = null,
): Promise<void> {
  await session.query(
    `update releases set state = $2, error_text = $3, updated_at = clock_timestamp() at time zone 'utc' where id = $1`,
    [releaseId, state, errorText],
  );
}

export async function mergeStats(session: Session, releaseId: number, stats: Record<string, unknown>): Promise<void> {
  await session.query(
    `update releases set stats_json = coalesce(stats_json, '{}') || $2::jsonb,
       updated_at = clock_timestamp() at time zone 'utc' where id = $1`,
    [releaseId, JSON.stringify(stats)],
  );
}

export async function recordEvent(
  session: Session,
  releaseId: number,
  event: string,
  payload: Record<string, unknown> = {},
): Promise<void> {
  await session.query(
    `insert into release_events (release_id, phase, payload_json, at)
     values ($1, $2, $3, clock_timestamp() at time zone 'utc')`,
    [releaseId, event, JSON.stringify(payload)],
  );
}

/** Reads without changing: for the command line and for checks. */
export async function releaseEvents(db: Database, releaseId: number) {
  return db.query<{ phase: string; payload_json: Record<string, unknown>; at: string }>(
    `select phase, payload_json, to_char(at, ${ISO}) as at from release_events where release_id = $1 order by id`,
    [releaseId],
  );
}
