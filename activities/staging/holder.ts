import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { type ReleaseRef, recordEvent } from '../postgres/releases.ts';

export interface StagingHolder {
  releaseId: number;
  label: string;
  state: string;
  builtAt: string;
}

/** Whose data the staging tables hold, if anybody's. */
export async function stagingHolder(session: Session): Promise<StagingHolder | undefined> {
  const { rows } = await session.query<StagingHolder>(
    `select s.release_id::int as "releaseId", r.label, r.state, s.built_at::text as "builtAt"
     from pp_release.staging s join releases r on r.id = s.release_id`,
  );
  return rows[0];
}

/**
 * Staging views and tables are one release's together: whoever fills the views anew ends what another one (parked, failed)
 * kept in the tables, which could go live with the wrong views otherwise.
 */
export async function takeStagingOver(session: Session, release: ReleaseRef): Promise<void> {
  const holder = await stagingHolder(session);
  if (!holder || holder.releaseId === release.releaseId) return;
  await session.query('delete from pp_release.staging');
  const { releaseId, label } = holder;
  await recordEvent(session, release.releaseId, 'staging_replaced', { release: releaseId, label });
}

/** The swap may change columns that readers see: of a release that was staged without that, and now starts at finalise_swap. */
export async function acceptShape(db: Database, { releaseId }: ReleaseRef): Promise<void> {
  await db.transaction((session) =>
    session.query('update pp_release.staging set accepts_shape = true where release_id = $1', [releaseId]),
  );
}

export async function isShapeAccepted(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ accepted: boolean }>(
    'select accepts_shape as accepted from pp_release.staging',
  );
  return rows[0]?.accepted ?? false;
}

/** @throws ReleaseError NothingToResume when staging is not this release's */
export async function requireStagingOf(session: Session, release: ReleaseRef): Promise<void> {
  const holder = await stagingHolder(session);
  if (holder?.releaseId === release.releaseId) return;
  const what = holder
    ? `staging holds release ${holder.releaseId} (${holder.label}, ${holder.state})`
    : 'there is no staging';
  throw new ReleaseError(
    'NothingToResume',
    `${what}, so release ${release.releaseId} (${release.label}) has nothing to go on with; start it from build_staging or earlier`,
    { holder },
  );
}
