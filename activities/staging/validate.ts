import { tables, validations } from '../../catalog/index.ts';
import type { Database, Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { stagingName } from '../postgres/identifiers.ts';
import { existing } from '../postgres/introspection.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
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
    await requireMarks(session, release, options.importers);
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

export async function requireTables(session: Session): Promise<void> {
  const wanted = tables.map((table) => stagingName(table.name));
  const found = await existing(session, wanted);
  const missing = wanted.filter((name) => found.get(name) !== 'r');
  if (missing.length === 0) return;
  const message = `staging tables missing: ${missing.join(', ')}; run the release from build_staging`;
  throw new ReleaseError('StagingUnfit', message, { missing });
}

/** @throws ReleaseError StagingUnfit naming the importers that have not finished for this release */
export async function requireMarks(session: Session, release: ReleaseRef, importers: readonly string[]): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `select name from unnest($2::text[]) name
     where not exists (select from pp_release.import_marks m where m.release_id = $1 and m.importer = name)`,
    [release.releaseId, importers],
  );
  if (rows.length === 0) return;
  const missing = rows.map((row) => row.name);
  const message = `importers without a completion mark: ${missing.join(', ')}; run the release from import_core`;
  throw new ReleaseError('StagingUnfit', message, { missing });
}
