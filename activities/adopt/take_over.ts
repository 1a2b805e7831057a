import { ADVISORY_KEY } from '../postgres/advisory_keys.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError, SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import type { Finding } from './finding.ts';
import { lookAt } from './look.ts';

/** A lock that the website's sessions hold is not waited for longer: readers queue behind whoever waits. */
const LOCK_LIMIT = '3s';

/**
 * Does what adopt does, in the caller's transaction, once migrations have run: looks again and runs the statements of each finding.
 *
 * @returns what was done
 * @throws ReleaseError LockHeld while a release runs; DatabaseBusy naming the statement that had to wait too long. Then nothing has
 *   changed
 */
export async function takeOver(session: Session, by: string): Promise<Finding[]> {
  await session.query(`set local lock_timeout = '${LOCK_LIMIT}'`);
  const { rows } = await session.query<{ held: boolean }>('select pg_try_advisory_xact_lock($1) as held', [
    ADVISORY_KEY.release,
  ]);
  if (!rows[0]?.held) throw new ReleaseError('LockHeld', 'a release has started meanwhile; nothing was changed');
  const findings = (await lookAt(session)).findings.filter(({ acts }) => acts === 'adopt');
  for (const finding of findings) {
    for (const statement of finding.statements) await run(session, statement);
    await session.query('insert into pp_release.adoption (finding, change, adopted_by) values ($1, $2, $3)', [
      finding.id,
      finding.message,
      by,
    ]);
  }
  const stamps = findings.flatMap(({ stamp }) => (stamp === undefined ? [] : [stamp]));
  await session.query(
    'insert into pp_release.adopted_backups (stamp, adopted_by) select stamp, $2 from unnest($1::text[]) stamp',
    [stamps, by],
  );
  return findings;
}

async function run(session: Session, statement: string): Promise<void> {
  try {
    await session.query(statement);
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable) throw error;
    const message = `somebody holds a lock that is needed for ${statement.slice(0, 200)}; nothing was changed; try again when it is free`;
    throw new ReleaseError('DatabaseBusy', message, { statement }, { cause: error });
  }
}
