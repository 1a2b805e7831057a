import type { ReleasedView } from '../../catalog/index.ts';
import type { Narrowing } from '../generation/shape_of_live.ts';
import type { Session } from '../postgres/database.ts';
import { ReleaseError } from '../postgres/errors.ts';
import { ident, stagingName } from '../postgres/identifiers.ts';

/** How many rows an error names. */
const SAMPLE_ROWS = 5;

interface Misfit extends Narrowing {
  rows: number;
  sample: string[];
}

/** An explicit cast cuts a text off without a word, where an INSERT would refuse it. Spaces at the end may go. */
const LIMITED_TEXT = /^character(?: varying)?\((\d+)\)$/;

/**
 * Texts that the view's casts have cut off. Only values that fill their column to the last character are suspects, so that a
 * release without them does not read the portal twice.
 *
 * @param select the release's own, with its wider columns
 * @throws ReleaseError PreflightFailed naming column and keys
 */
export async function requireNothingCut(
  session: Session,
  view: ReleasedView,
  select: string,
  narrowings: readonly Narrowing[],
): Promise<void> {
  const suspects: Narrowing[] = [];
  for (const narrowing of narrowings) {
    const width = LIMITED_TEXT.exec(narrowing.to)?.[1];
    if (width === undefined) continue;
    const { rows } = await session.query<{ full: boolean }>(
      `select exists (select from ${ident(stagingName(view.name))} where char_length(${ident(narrowing.column)}) = ${width}) as full`,
    );
    if (rows[0]?.full) suspects.push(narrowing);
  }
  const found = await findMisfits(session, view, select, suspects);
  if (found.length > 0) throw misfits(view, found);
}

/** Numbers that are outside the range of live's columns; none of them if that is not what an error was about. */
export async function explainMisfits(
  session: Session,
  view: ReleasedView,
  select: string,
  narrowings: readonly Narrowing[],
): Promise<ReleaseError | undefined> {
  const found = await findMisfits(session, view, select, narrowings);
  return found.length > 0 ? misfits(view, found) : undefined;
}

function misfits({ name }: ReleasedView, found: readonly Misfit[]): ReleaseError {
  const told = found.map(
    ({ column, to, rows, sample }) =>
      `${column} (${to}): ${rows} rows (${sample.join(', ')}${rows > sample.length ? ', …' : ''})`,
  );
  const message = `view ${name}: values of the portal do not fit the columns that live has: ${told.join('; ')}; mend them in the portal`;
  return new ReleaseError('PreflightFailed', message, { view: name, found });
}

async function findMisfits(
  session: Session,
  view: ReleasedView,
  select: string,
  narrowings: readonly Narrowing[],
): Promise<Misfit[]> {
  const found: Misfit[] = [];
  for (const narrowing of narrowings) {
    const condition = doesNotFit(narrowing);
    if (condition === undefined) continue;
    const { rows } = await session.query<{ n: number; sample: string[] | null }>(
      `select count(*)::int as n, (array_agg(key order by key))[1:${SAMPLE_ROWS}] as sample
       from (select concat_ws('/', ${keyOfRows(view)
         .map((column) => `made.${ident(column)}`)
         .join(', ')}) as key
             from (\n${select}\n) made where ${condition}) misfit`,
    );
    const [answer] = rows;
    if (answer && answer.n > 0) found.push({ ...narrowing, rows: answer.n, sample: answer.sample ?? [] });
  }
  return found;
}

function keyOfRows({ key, indexes }: ReleasedView): readonly string[] {
  return key ?? indexes.find(({ unique }) => unique)?.columns ?? [];
}

const RANGES: Record<string, [string, string]> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
  real: ['-3.40282347e38', '3.40282347e38'],
};

/** SQL condition over `made`; none for a type whose limits are its own affair. */
function doesNotFit({ column, to }: Narrowing): string | undefined {
  const value = `made.${ident(column)}`;
  const width = LIMITED_TEXT.exec(to)?.[1];
  if (width !== undefined) return `char_length(rtrim(${value}::text)) > ${width}`;
  const [, precision, scale] = /^numeric\((\d+),(-?\d+)\)$/.exec(to) ?? [];
  if (precision !== undefined) {
    return `abs(round(${value}::numeric, ${scale})) >= 10::numeric ^ ${Number(precision) - Number(scale)}`;
  }
  const range = RANGES[to];
  return range && `${value} not between ${range.join(' and ')}`;
}
