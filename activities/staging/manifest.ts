import { createHash } from 'node:crypto';
import { tables, views } from '../../catalog/index.ts';
import type { ManifestSummary } from '../../contracts/index.ts';
import { comparableColumnsOf, rowHashSql } from '../generation/row_hash.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';

export interface Manifest {
  label: string;
  release_id: number;
  /** ISO 8601, UTC. */
  generated_at: string;
  /** Rows by staging table. */
  counts: Record<string, number>;
  /** Rows by staging view. */
  view_counts: Record<string, number>;
  /** Sum of row hashes by staging table: tells whether staging is still what was reviewed. */
  fingerprints: Record<string, string>;
  /** Rows set aside, by importer and reason. */
  soft_errors: { importer: string; reason: string; rows: number }[];
  /** What is worth knowing and no error. */
  notes: { importer: string; reason: string; rows: number }[];
  /** CSV files that were read. */
  files: { importer: string; file: string; sha256: string; rows: number }[];
  /** Cells to be changed in tables that keep their place, by `table.column`. */
  changes_in_place: Record<string, number>;
  importers: string[];
  sample?: number | undefined;
}

/** Stands among the tables' fingerprints. */
const CHANGES_IN_PLACE = 'changes in place';

interface Content {
  counts: Record<string, number>;
  fingerprints: Record<string, string>;
}

/**
 * Writes the manifest of what staging holds into the database; one that would say the same stays, and keeps its digest.
 *
 * @returns its digest (sha256 of its canonical JSON) and row counts
 */
export async function writeManifest(
  db: Database,
  release: ReleaseRef,
  options: { importers: readonly string[]; sample?: number | undefined },
): Promise<{ manifest: Manifest; summary: ManifestSummary }> {
  const content = await readContent(db, release);
  return db.transaction(async (session) => {
    const manifest: Manifest = {
      label: release.label,
      release_id: release.releaseId,
      generated_at: new Date().toISOString(),
      ...content,
      view_counts: await countViews(session),
      soft_errors: await countRejects(session, release.releaseId, 'soft'),
      notes: await countRejects(session, release.releaseId, 'note'),
      files: await readFiles(session, release.releaseId),
      changes_in_place: await countChanges(session, release.releaseId),
      importers: [...options.importers],
      ...(options.sample === undefined ? {} : { sample: options.sample }),
    };
    const known = await readManifest(session, release.releaseId);
    if (known && saysTheSame(known, manifest)) return { manifest: known, summary: summaryOf(known) };
    await session.query(
      `insert into pp_release.manifests (release_id, digest, body) values ($1, $2, $3)
       on conflict (release_id) do update set digest = excluded.digest, body = excluded.body, written_at = clock_timestamp()`,
      [release.releaseId, digestOf(manifest), JSON.stringify(manifest)],
    );
    await session.query(`update pp_release.staging set followed = '{}' where release_id = $1`, [release.releaseId]);
    await session.query('update releases set manifest_url = $2 where id = $1', [
      release.releaseId,
      manifestUrl(release),
    ]);
    return { manifest, summary: summaryOf(manifest) };
  });
}

/** In everything but its time: rejects, files and importers may differ where the rows do not. */
function saysTheSame(a: Manifest, b: Manifest): boolean {
  return canonical({ ...a, generated_at: '' }) === canonical({ ...b, generated_at: '' });
}

export function manifestUrl(release: Pick<ReleaseRef, 'releaseId' | 'label'>): string {
  return `/manifests/${release.releaseId}_${release.label}.json`;
}

export async function readManifest(session: Session, releaseId: number): Promise<Manifest | undefined> {
  const { rows } = await session.query<{ body: Manifest }>(
    'select body from pp_release.manifests where release_id = $1',
    [releaseId],
  );
  return rows[0]?.body;
}

export function digestOf(manifest: Manifest): string {
  return createHash('sha256').update(canonical(manifest)).digest('hex');
}

/** JSON with sorted keys: the same whatever order jsonb gives them back in. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

export function summaryOf(manifest: Manifest): ManifestSummary {
  const { release_id, label, counts } = manifest;
  return { releaseId: release_id, label, digest: digestOf(manifest), counts };
}

/** @throws ReleaseError StagingUnfit when the manifest is a sample's, or staging is no longer what it says, naming the tables */
export async function requireUnchanged(db: Database, release: ReleaseRef): Promise<void> {
  const manifest = await db.session((session) => readManifest(session, release.releaseId));
  if (!manifest) {
    const message = `release ${release.releaseId} (${release.label}) has no manifest; run it from validate_and_manifest`;
    throw new ReleaseError('StagingUnfit', message);
  }
  if (manifest.sample !== undefined) {
    const message = `release ${release.releaseId} (${release.label}) is a sample of at most ${manifest.sample} rows a view, and a sample is not published; run it from import_core without --sample`;
    throw new ReleaseError('StagingUnfit', message, { sample: manifest.sample });
  }
  const now = await readContent(db, release);
  // What is live's in staging may have followed live since.
  const wanted = { ...manifest.fingerprints, ...(await db.session(followedFingerprints)) };
  const changed = Object.keys(now.fingerprints).filter((table) => now.fingerprints[table] !== wanted[table]);
  if (changed.length === 0) return;
  const message = `staging changed since the manifest was written: ${changed.join(', ')}; run the release from validate_and_manifest`;
  throw new ReleaseError('StagingUnfit', message, { changed });
}

async function followedFingerprints(session: Session): Promise<Record<string, string>> {
  const { rows } = await session.query<{ followed: Record<string, string> }>('select followed from pp_release.staging');
  return rows[0]?.followed ?? {};
}

/**
 * One pass over each table, in the database; hash_record needs no text and no sorting. The planner thinks that it costs
 * nothing, and must be told that parallel workers are worth their start.
 */
async function readContent(db: Database, release: ReleaseRef): Promise<Content> {
  const content: Content = { counts: {}, fingerprints: {} };
  await db.session(
    async (session) => {
      const columns = await comparableColumnsOf(
        session,
        tables.map(({ name }) => stagingName(name)),
      );
      for (const { name } of tables) {
        const staging = stagingName(name);
        const { rows } = await session.query<{ n: string; fingerprint: string }>(
          `select count(*) as n, coalesce(sum(${rowHashSql(columns.get(staging) ?? [], 't')}), 0)::text as fingerprint from ${ident(staging)} t`,
        );
        content.counts[staging] = Number(rows[0]?.n);
        content.fingerprints[staging] = rows[0]?.fingerprint ?? '';
      }
      const { rows } = await session.query<{ fingerprint: string }>(
        `select coalesce(sum(hash_record((relation, row_id, column_name, before_value, after_value))::bigint), 0)::text as fingerprint
         from pp_release.live_changes where release_id = $1`,
        [release.releaseId],
      );
      content.fingerprints[CHANGES_IN_PLACE] = rows[0]?.fingerprint ?? '';
    },
    { parallel_setup_cost: '0' },
  );
  return content;
}

async function countViews(session: Session): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of views) {
    const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${ident(stagingName(name))}`);
    counts[stagingName(name)] = Number(rows[0]?.n);
  }
  return counts;
}

async function countRejects(
  session: Session,
  releaseId: number,
  severity: 'soft' | 'note',
): Promise<Manifest['soft_errors']> {
  const { rows } = await session.query<{ importer: string; reason: string; rows: number }>(
    `select importer, reason, count(*)::int as rows from pp_release.rejects where release_id = $1 and severity = $2
     group by importer, reason order by importer, reason`,
    [releaseId, severity],
  );
  return rows;
}

async function readFiles(session: Session, releaseId: number): Promise<Manifest['files']> {
  const { rows } = await session.query<Manifest['files'][number]>(
    `select importer, file->>'file' as file, file->>'sha256' as sha256, (file->>'rows')::int as rows
     from pp_release.import_marks, jsonb_array_elements(inputs) file where release_id = $1 order by 1, 2`,
    [releaseId],
  );
  return rows;
}

async function countChanges(session: Session, releaseId: number): Promise<Record<string, number>> {
  const { rows } = await session.query<{ cell: string; n: number }>(
    `select relation || '.' || column_name as cell, count(*)::int as n from pp_release.live_changes
     where release_id = $1 group by 1 order by 1`,
    [releaseId],
  );
  return Object.fromEntries(rows.map(({ cell, n }) => [cell, n]));
}
