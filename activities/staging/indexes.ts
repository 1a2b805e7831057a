import { tables } from '../../catalog/index.ts';
import type { Database, Session, Settings } from '../postgres/database.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import { foreignKeysOf, type IndexShape, indexesOf } from '../postgres/introspection.ts';
import { loosen } from '../postgres/retarget.ts';
import { type Job, sideBySide } from '../postgres/side_by_side.ts';

/** For each of the sessions that build side by side. */
const BUILD_SETTINGS: Settings = { maintenance_work_mem: '256MB' };

/** One question for all of them: most of the time nothing is missing, and a question for each takes longer than to find that out. */
const WITH_TWINS: readonly string[] = tables.flatMap(({ name }) => [name, stagingName(name)]);

interface Missing {
  table: string;
  index: IndexShape;
  /** Of the table, without its geometry. */
  bytes: number;
}

/**
 * Gives the staging tables the indexes, keys and unique constraints of their live twins, each under the twin's name with
 * the staging prefix. What is there stays, so that it can be run again.
 *
 * The indexes of one table are built at the same time, since nearly all the work is in one table; constraints, which
 * lock their table, come before, and the statistics after.
 *
 * @returns number of indexes added
 */
export async function addIndexes(db: Database, onTable: (table: string) => void): Promise<number> {
  const missing = await db.session(findMissing);
  const build = ({ table, index }: Missing): Job => {
    return async (session) => {
      onTable(table);
      await session.query(createLike(table, index));
    };
  };
  const constraints = missing.filter(({ index }) => index.constraint);
  const plain = missing.filter(({ index }) => !index.constraint);
  await sideBySide(db, constraints.map(build), BUILD_SETTINGS);
  await sideBySide(db, plain.map(build), BUILD_SETTINGS);
  const analyze = tables.map(({ name }): Job => {
    return async (session) => {
      await session.query(`analyze ${ident(stagingName(name))}`);
    };
  });
  await sideBySide(db, analyze);
  return missing.length;
}

/** Those that take longest come first: the biggest table's, and there GiST, which no parallel workers build. */
async function findMissing(session: Session): Promise<Missing[]> {
  const present = await indexesOf(session, WITH_TWINS);
  const { rows: sizes } = await session.query<{ name: string; bytes: number }>(
    'select name, pg_relation_size(quote_ident(name)::regclass)::float8 as bytes from unnest($1::text[]) name',
    [tables.map(({ name }) => stagingName(name))],
  );
  const bytesOf = new Map(sizes.map(({ name, bytes }) => [name, bytes]));
  const all = tables.flatMap(({ name }): Missing[] => {
    const staging = stagingName(name);
    const missing = unmatched(present.get(name) ?? [], present.get(staging) ?? []);
    return missing.map((index) => ({ table: name, index, bytes: bytesOf.get(staging) ?? 0 }));
  });
  const weight = ({ index, bytes }: Missing) => bytes * (index.shape.includes('using gist') ? 2 : 1);
  return all.sort((a, b) => weight(b) - weight(a));
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
  return db.session(async (session) => {
    let added = 0;
    const keys = await foreignKeysOf(session, WITH_TWINS);
    for (const { name } of tables) {
      const twin = ident(stagingName(name));
      const present = new Set((keys.get(stagingName(name)) ?? []).map((key) => key.name));
      for (const key of keys.get(name) ?? []) {
        if (present.has(key.name)) continue;
        const target = released.has(key.referencedTable) ? stagingName(key.referencedTable) : key.referencedTable;
        const definition = key.definition
          .replace(/ REFERENCES [^(]+\(/, () => ` REFERENCES ${ident(target)}(`)
          .replace(/ NOT VALID$/, '');
        const run = (sql: string) => db.transactionOn(session, () => session.query(sql));
        await run(`alter table ${twin} add constraint ${ident(key.name)} ${definition} not valid`);
        if (!key.definition.endsWith(' NOT VALID'))
          await run(`alter table ${twin} validate constraint ${ident(key.name)}`);
        added += 1;
      }
    }
    return added;
  });
}
