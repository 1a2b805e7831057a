import { ADVISORY_KEY } from '../postgres/advisory_keys.ts';
import type { Database } from '../postgres/database.ts';

/** In schema pp_release, where neither a reader nor a release looks. */
const [LIVE, NEXT, OLD] = ['trial', 'trial_next', 'trial_old'];
const DROP_ALL = [LIVE, NEXT, OLD].map((name) => `drop table if exists pp_release.${name}`).join('; ');

/**
 * Swaps a table of two rows as a release does: under a lock that it takes at once or not at all, by renaming, in one
 * transaction. Another session reads the outcome. One trial at a time; what a killed one has left, the next one drops.
 *
 * @throws what PostgreSQL says; Error when the other session sees something else than the new rows
 */
export async function trySwap(db: Database): Promise<void> {
  await db.session(async (session) => {
    await session.query('select pg_advisory_lock($1)', [ADVISORY_KEY.trial]);
    try {
      await db.transactionOn(session, () =>
        session.query(
          `${DROP_ALL};
           create table pp_release.${LIVE} as select 'old' as release, n from generate_series(1, 2) n;
           create table pp_release.${NEXT} as select 'new' as release, n from generate_series(1, 2) n`,
        ),
      );
      await db.transactionOn(session, () =>
        session.query(
          `lock table pp_release.${LIVE}, pp_release.${NEXT} in access exclusive mode nowait;
           alter table pp_release.${LIVE} rename to ${OLD}; alter table pp_release.${NEXT} rename to ${LIVE}`,
        ),
      );
      const rows = await db.query<{ release: string }>(`select release from pp_release.${LIVE}`);
      const seen = rows.map(({ release }) => release).join(', ');
      if (seen !== 'new, new') throw new Error(`after the swap another session sees ${seen || 'no rows'}`);
    } finally {
      await db.transactionOn(session, () => session.query(DROP_ALL));
    }
  });
}
