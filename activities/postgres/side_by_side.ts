import type { Database, Session, Settings } from './database.ts';

/** Sessions at work at the same time: more of them than cores only get in each other's way. */
const SESSIONS = 2;

export type Job = (session: Session) => Promise<void>;

/**
 * Runs jobs over a few sessions, in their order, each as a transaction of its own: long ones should come first. After a
 * failure no further job is begun; it is thrown when those that run have ended, so that nothing goes on unseen.
 */
export async function sideBySide(db: Database, jobs: readonly Job[], settings: Settings = {}): Promise<void> {
  const queue = [...jobs];
  const work = async () => {
    if (queue.length === 0) return;
    await db.session(async (session) => {
      for (let job = queue.shift(); job; job = queue.shift()) await db.transactionOn(session, job, settings);
    });
  };
  const sessions = Array.from({ length: Math.min(SESSIONS, jobs.length) }, async () => {
    try {
      await work();
    } catch (error) {
      queue.length = 0;
      throw error;
    }
  });
  for (const ended of await Promise.allSettled(sessions)) {
    if (ended.status === 'rejected') throw ended.reason;
  }
}
