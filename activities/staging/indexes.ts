import { tables } from '../../catalog/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { foreignKeysOf, type IndexShape, indexesOf } from '../postgres/introspection.ts';
import { loosen } from '../postgres/retarget.ts';

/** Indexes that are built at the same time: more sessions than cores only get in each other's way. */
const SIDE_BY_SIDE = 2;

/**
 * Gives the staging tables the indexes, keys and unique constraints of their live twins, each under the twin's name with
 * the staging prefix. What is there stays, so that it can be run again.
 *
 * @returns number of indexes added
 */
export async function addIndexes(db: Database, onTable: (table: string) => void): Promise<number> {
  let added = 0;
  const queue = [...tables];
  const worker = async () => {
    for (let table = queue.shift(); table; table = queue.shift()) {
      const { name } = table;
      onTable(name);
      const ofTable = await db.transaction((session) => addIndexesOf(session, name), { maintenance_work_mem: '256MB' });
      added += ofTable;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return added;
}

async function addIndexesOf(session: Session, table: string): Promise<number> {
  const missing = unmatched(await indexesOf(session, table), await indexesOf(session, stagingName(table)));
  for (const index of missing) await session.query(createLike(table, index));
  await session.query(`analyze ${ident(stagingName(table))}`);
  return missing.length;
}

/** Indexes of `wanted` that have no twin in `present`; of two alike, each needs one of its own. */
function unmatched(wanted: IndexShape[], present: IndexShape[]): IndexShape[] {
  const left = present.map(signature);
  return wanted.filter((index) => {
    const at = left.indexOf(signature(index));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function signature(index: IndexShape): string {
  return loosen(`${index.shape}|${index.constraint ?? ''}`);
}

function createLike(table: string, index: IndexShape): string {
  const twin = ident(stagingName(table));
  const name = ident(stagingName(index.name));
  if (index.constraint) return `alter table ${twin} add constraint ${name} ${index.constraint}`;
  const unique = index.shape.startsWith('unique ');
  return `create ${unique ? 'unique ' : ''}index ${name} on ${twin} ${index.shape.slice(unique ? 'unique '.length : 0)}`;
}

/**
 * Gives the staging tables live's foreign keys, under the same names; a key to a table that is released too goes to its
 * staging twin. Added as NOT VALID and validated in a second transaction, so that writers of a table outside the release
 * are not held up for longer than a moment.
 *
 * @returns number of keys added
 */
export async function addForeignKeys(db: Database): Promise<number> {
  const released = new Set(tables.map((table) => table.name));
  let added = 0;
  for (const { name } of tables) {
    const twin = ident(stagingName(name));
    const { live, present } = await db.session(async (session) => ({
      live: await foreignKeysOf(session, name),
      present: new Set((await foreignKeysOf(session, stagingName(name))).map((key) => key.name)),
    }));
    for (const key of live) {
      if (present.has(key.name)) continue;
      const target = released.has(key.referencedTable) ? stagingName(key.referencedTable) : key.referencedTable;
      const definition = key.definition
        .replace(/ REFERENCES [^(]+\(/, () => ` REFERENCES ${ident(target)}(`)
        .replace(/ NOT VALID$/, '');
      await db.transaction((session) =>
        session.query(`alter table ${twin} add constraint ${ident(key.name)} ${definition} not valid`),
      );
      if (!key.definition.endsWith(' NOT VALID')) {
        await db.transaction((session) => session.query(`alter table ${twin} validate constraint ${ident(key.name)}`));
      }
      added += 1;
    }
  }
  return added;
}
