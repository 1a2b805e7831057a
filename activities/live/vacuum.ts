import { tables, views } from '../../catalog/index.ts';
import type { Database } from '../postgres/database.ts';
import { ident } from '../postgres/identifiers.ts';

/** VACUUM ANALYZE of what was swapped, outside any transaction. @returns seconds by relation */
export async function vacuumLive(db: Database, onRelation: (name: string) => void): Promise<Record<string, number>> {
  return db.session(async (session) => {
    const seconds: Record<string, number> = {};
    for (const { name } of [...tables, ...views]) {
      onRelation(name);
      const started = Date.now();
      await db.assertFence(session);
      await session.query(`vacuum (analyze) ${ident(name)}`);
      seconds[name] = (Date.now() - started) / 1000;
    }
    return seconds;
  });
}
