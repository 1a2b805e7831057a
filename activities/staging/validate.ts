import { importers as catalogImporters, tables, validations } from '../../catalog/index.ts';
import { STAGING } from '../generation/names.ts';
import { madeOf } from '../generation/record.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { stagingName } from '../postgres/identifiers.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import { carriedOverTables } from './carried_over.ts';
import { requireStagingOf } from './holder.ts';

/**
 * Asks every rule of the catalog that this release's importers call for, and that every importer of the plan has left its mark.
 *
 * @throws ReleaseError ValidationFailed with all faults, or NothingToResume when staging is another release's
 */
export async function validateStaging(
  db: Database,
  release: ReleaseRef,
  options: { importers: readonly string[]; sample?: number | undefined },
): Promise<void> {
  await db.session(async (session) => {
    await requireStagingOf(session, release);
    await requireTables(session);
    await requireMarks(session, release, options.importers, options.sample);
    await session.query(
      `select set_config('pp_release.release_id', $1, false), set_config('pp_release.sample', $2, false)`,
      [String(release.releaseId), String(options.sample ?? '')],
    );
    const faults: { rule: string; message: string; facts: Record<string, unknown> }[] = [];
    for (const rule of validations) {
      if (rule.importer && !options.importers.includes(rule.importer)) continue;
      const { rows } = await session.query<{ ok: boolean } & Record<string, unknown>>(rule.sql);
      const { ok, ...facts } = rows[0] ?? { ok: false };
      if (!ok) faults.push({ rule: rule.name, message: rule.message, facts });
    }
    if (faults.length === 0) return;
    const text = faults.map(({ message, facts }) => {
      const details = Object.entries(facts).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      return details.length > 0 ? `${message} (${details.join(', ')})` : message;
    });
    throw new ReleaseError('ValidationFailed', `staging is not fit to publish: ${text.join('; ')}`, { faults });
  });
}

/** Those that a release made: what others have put in their place is not written to. */
export async function requireTables(session: Session): Promise<void> {
  const found = new Set((await madeOf(session, STAGING)).map(({ name }) => name));
  const missing = tables.map((table) => stagingName(table.name)).filter((name) => !found.has(name));
  if (missing.length === 0) return;
  const message = `staging tables missing: ${missing.join(', ')}; run the release from build_staging`;
  throw new ReleaseError('StagingUnfit', message, { missing });
}

/**
 * Every importer of the plan has finished, and so has every other one whose tables were left empty for it when staging was
 * built; and they all read the same share of the portal.
 *
 * @param sample rows a view of a trial; without it a staging that holds a trial is refused
 * @throws ReleaseError StagingUnfit naming the importers
 */
export async function requireMarks(
  session: Session,
  release: ReleaseRef,
  importers: readonly string[],
  sample?: number,
): Promise<void> {
  const { rows: marks } = await session.query<{ importer: string; sample: string | null }>(
    'select importer, sample from pp_release.import_marks where release_id = $1 order by importer',
    [release.releaseId],
  );
  const wanted = new Set([...importers, ...(await leftEmpty(session))]);
  const missing = [...wanted].filter((name) => !marks.some(({ importer }) => importer === name));
  if (missing.length > 0) {
    const message = `importers without a completion mark: ${missing.join(', ')}; run the release from import_core, or from build_staging if they are to be left out`;
    throw new ReleaseError('StagingUnfit', message, { missing });
  }
  const others = marks.filter((mark) => mark.sample !== (sample === undefined ? null : String(sample)));
  if (others.length === 0) return;
  const names = others.map(({ importer }) => importer);
  const [first] = others;
  const had = first?.sample ? `a sample of ${first.sample} rows a view` : 'all rows';
  const wants = sample === undefined ? 'all rows' : `a sample of ${sample}`;
  const advice = sample === undefined ? 'without --sample' : `with --sample ${sample}`;
  const message = `staging of release ${release.releaseId} (${release.label}) holds ${had} (importers ${names.join(', ')}), and this run is for ${wants}; run the release from import_core ${advice}`;
  throw new ReleaseError('StagingUnfit', message, { importers: names, sample: first?.sample ?? null });
}

/** Importers with a table that does not hold live's rows; a lookup always does. */
async function leftEmpty(session: Session): Promise<string[]> {
  const carriedOver = await carriedOverTables(session);
  if (!carriedOver) return [];
  return catalogImporters.filter(({ fills }) => fills.some((name) => !carriedOver.has(name))).map(({ name }) => name);
}
