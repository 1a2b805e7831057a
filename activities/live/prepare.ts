import { tables, views } from '../../catalog/index.ts';
import { indexStagingViews } from '../portal/materialized_views.ts';
import type { Database } from '../postgres/database.ts';
import { ident, literal, stagingName } from '../postgres/identifiers.ts';
import { sequencesOf } from '../postgres/introspection.ts';
import { addForeignKeys, addIndexes } from '../staging/indexes.ts';

/**
 * Everything that can be done before the lock: indexes and keys that are left out still, sequences, and a VACUUM
 * (FREEZE, ANALYZE), so that the first queries after the swap have good plans and nobody scans for hint bits.
 */
export async function prepareStaging(db: Database, onStep: (step: string) => void): Promise<void> {
  await addIndexes(db, (table) => onStep(`indexes of ${table}`));
  await addForeignKeys(db);
  await indexStagingViews(db);
  await raiseSequences(db);
  await db.session(async (session) => {
    for (const { name } of [...tables, ...views]) {
      onStep(`vacuum ${stagingName(name)}`);
      await session.query(`vacuum (freeze, analyze) ${ident(stagingName(name))}`);
    }
  });
}

/** setval is not transactional, so it is done here and not in the swap. */
async function raiseSequences(db: Database): Promise<void> {
  await db.transaction(async (session) => {
    for (const { name } of tables) {
      for (const sequence of await sequencesOf(session, stagingName(name))) {
        await session.query(
          `select setval(${literal(ident(sequence.name))}::regclass, greatest(max(${ident(sequence.column)}), 1), max(${ident(sequence.column)}) is not null)
           from (select max(${ident(sequence.column)})::bigint as ${ident(sequence.column)} from ${ident(stagingName(name))}
                 union all select pp_release.highest_id(${literal(name)}, ${literal(sequence.column)})) ids`,
        );
      }
    }
  });
}
