import { tables } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { ident, literal } from '../postgres/identifiers.ts';

/** Fingerprint of a table's rows: their number and the sum of their hashes. */
const fingerprint = (table: string) =>
  `select count(*) || ':' || coalesce(sum(hash_record(t)::bigint), 0) from public.${ident(table)} t`;

const lookups = tables.filter(({ kind }) => kind === 'lookup').map(({ name }) => name);

/** Fingerprints of live's lookups, kept with staging when their copies are made. */
export async function fingerprintLookups(session: Session): Promise<Record<string, string>> {
  const { rows } = await session.query<{ table: string; fingerprint: string }>(
    lookups
      .map((name) => `select ${literal(name)} as table, (${fingerprint(name)}) as fingerprint`)
      .join(' union all '),
  );
  return Object.fromEntries(rows.map((row) => [row.table, row.fingerprint]));
}

/**
 * Questions whether live's lookups are still what staging was built from: an edit made in live since then would be lost.
 * Asked under the lock, when they have their outgoing names.
 */
export async function lookupChecks(
  session: Session,
  outgoingName: (table: string) => string,
): Promise<{ sql: string; message: string }[]> {
  const recorded = Object.entries((await recordedLookups(session)) ?? {});
  return recorded.map(([table, before]) => ({
    sql: `select case when (${fingerprint(outgoingName(table))}) = ${literal(before)} then 0 else 1 end as n`,
    message: `${table} was edited in live since staging was built`,
  }));
}

async function recordedLookups(session: Session): Promise<Record<string, string> | undefined> {
  const { rows } = await session.query<{ fingerprints: Record<string, string> | null }>(
    'select live_lookups as fingerprints from pp_release.staging',
  );
  return rows[0]?.fingerprints ?? undefined;
}

/** @returns lookups that were edited in live since staging was built */
export async function editedLookups(session: Session): Promise<string[]> {
  const before = await recordedLookups(session);
  if (!before) return [];
  const now = await fingerprintLookups(session);
  return Object.keys(before).filter((table) => now[table] !== before[table]);
}
