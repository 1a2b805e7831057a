import type { Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import type { ReleaseRef } from '../postgres/releases.ts';
import type { CsvLoaded } from './csv/load.ts';

/** So many rows may always be set aside: of a file with four lines one bad line is a quarter. */
const ALWAYS_ALLOWED = 10;
const EXAMPLES = 5;

export interface Verdict {
  softErrors: number;
  /** ImportFailed with reasons and examples: why what was imported must not be published. */
  refusal?: ReleaseError;
}

/**
 * Whether the share of the rows that an importer has set aside is above the limit, or a file has no row left. Notes are no
 * soft errors: they say what is worth knowing.
 *
 * @param options.read rows that the importer had to read, those of its files among them
 * @param options.useless a file of which every row was set aside
 */
export async function judgeSoftErrors(
  session: Session,
  release: ReleaseRef,
  importer: string,
  options: { read: number; useless: CsvLoaded | undefined; limitPercent: number },
): Promise<Verdict> {
  const softErrors = await countSoftErrors(session, release, importer);
  const { rows } = await session.query<{ rows: number }>(
    `select count(distinct row_key)::int as rows from pp_release.rejects where release_id = $1 and importer = $2 and severity = 'soft'`,
    [release.releaseId, importer],
  );
  const setAside = rows[0]?.rows ?? 0;
  const { read, useless, limitPercent } = options;
  const facts = { importer, read, setAside, limitPercent };
  const hard = await readHard(session, release, importer);
  if (hard.length > 0) {
    return { softErrors, refusal: await refuse(session, release, importer, hard.join('; '), { ...facts, hard }) };
  }
  if (limitPercent >= 100) return { softErrors };
  if (useless) {
    const why = `none of the ${useless.rows} rows of ${useless.file} can be used`;
    return { softErrors, refusal: await refuse(session, release, importer, why, { ...facts, file: useless.file }) };
  }
  const tooMany = setAside > ALWAYS_ALLOWED && setAside * 100 > read * limitPercent;
  if (!tooMany) return { softErrors };
  const share = Math.round((1000 * setAside) / Math.max(read, 1)) / 10;
  const why = `${setAside} of ${read} rows have soft errors, ${share} %, and the limit is ${limitPercent} %`;
  return { softErrors, refusal: await refuse(session, release, importer, why, facts) };
}

/** What the importer itself says against its work. */
async function readHard(session: Session, release: ReleaseRef, importer: string): Promise<string[]> {
  const { rows } = await session.query<{ told: string }>(
    `select row_key || ': ' || reason as told from pp_release.rejects
     where release_id = $1 and importer = $2 and severity = 'hard' order by 1 limit 10`,
    [release.releaseId, importer],
  );
  return rows.map(({ told }) => told);
}

/** The rejects stay (see importer.ts): the message has some, and says where the others are. */
async function refuse(session: Session, release: ReleaseRef, importer: string, why: string, facts: object) {
  const reasons = await readReasons(session, release, importer);
  const told = reasons.map(({ reason, rows, examples }) => `${reason} (${rows}: ${examples.join(', ')})`);
  const where = `pp_release.rejects where release_id = ${release.releaseId} and importer = '${importer}'`;
  const softErrors = reasons.length === 0 ? '' : `: ${told.join('; ')}; all of them are in ${where}`;
  const message = `importer ${importer}: ${why}${softErrors}; mend the data, or start again with a higher softErrorLimit`;
  return new ReleaseError('ImportFailed', message, { ...facts, reasons });
}

/** Of one importer of a release. */
export async function countSoftErrors(session: Session, release: ReleaseRef, importer: string): Promise<number> {
  const { rows } = await session.query<{ n: number }>(
    `select count(*)::int as n from pp_release.rejects where release_id = $1 and importer = $2 and severity = 'soft'`,
    [release.releaseId, importer],
  );
  return rows[0]?.n ?? 0;
}

async function readReasons(session: Session, release: ReleaseRef, importer: string) {
  const { rows } = await session.query<{ reason: string; rows: number; examples: string[] }>(
    `select reason, count(*)::int as rows, (array_agg(row_key order by row_key))[1:$3] as examples from pp_release.rejects
     where release_id = $1 and importer = $2 and severity = 'soft' group by reason order by 2 desc limit 10`,
    [release.releaseId, importer, EXAMPLES],
  );
  return rows;
}
