import type { Acts, Finding } from '../../activities/adopt/finding.ts';
import { type Adoption, lookAt } from '../../activities/adopt/look.ts';
import { takeOver } from '../../activities/adopt/take_over.ts';
import type { Database } from '../../activities/postgres/database.ts';
import { ReleaseError } from '../../activities/postgres/errors.ts';
import { migrate } from '../../activities/postgres/migrate.ts';
import { databaseUrl, readEnvironment } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import { operator } from '../operator.ts';
import type { Output } from '../output.ts';
import { wrap } from '../text.ts';
import { canAsk, saysYes } from '../yes.ts';

export interface AdoptOptions {
  check?: boolean;
  yes?: boolean;
}

/**
 * Takes a database of the old system over: says what is there, what a DBA has to do first and what would be done, and does that with a
 * yes. With --check it only says so, and ends with exit code 3 while something is left.
 */
export async function adopt({ check = false, yes = false }: AdoptOptions, output: Output): Promise<void> {
  const url = databaseUrl(readEnvironment());
  const by = operator();
  if (check && yes)
    throw new CommandError(EXIT.usage, '--check changes nothing, so it has no use for --yes; give one of them');
  if (!check && !yes && !canAsk(output)) {
    const why = 'there is no terminal to ask on';
    throw new CommandError(EXIT.usage, `${why}: look with pp-release adopt --check, and say --yes to what it lists`);
  }
  await withDatabase(url, async (db) => {
    const found = await look(db);
    if (!found.hasTables) {
      output.result(found, `there is nothing of an old system in database ${found.database}: pp-release migrate`);
      return;
    }
    const has = (acts: Acts) => found.findings.some((finding) => finding.acts === acts);
    if (check) {
      output.result(found, render(found));
      const left = found.findings.filter(({ acts }) => acts !== 'nobody').length;
      if (left === 0) return;
      // What was found is the one document that --json prints, so this is no error.
      process.stderr.write(`pp-release: ${left} findings are in the way of releases from here\n`);
      process.exitCode = EXIT.refused;
      return;
    }
    output.say(render(found));
    if (has('dba')) throw new CommandError(EXIT.refused, 'nothing was changed: a DBA has to act first', { ...found });
    if (!has('adopt')) {
      output.result({ ...found, done: [] }, 'nothing is to be adopted');
      return;
    }
    if (!yes && !(await saysYes('Do this?'))) throw new CommandError(EXIT.refused, 'nothing was changed');
    await migrate(url);
    const done = await db.transaction((session) => takeOver(session, by)).catch(toCommandError);
    const after = await look(db);
    const left = after.findings.filter(({ acts }) => acts !== 'nobody');
    const rest = left.length > 0 ? `; left to do: ${left.map(({ message }) => message).join('; ')}` : '';
    output.result({ ...after, done }, `adopted: migrations, and ${done.length} findings are mended${rest}`);
  });
}

/** PostgreSQL itself sees to it that a look changes nothing. */
function look(db: Database): Promise<Adoption> {
  return db.transaction(async (session) => {
    await session.query('set transaction read only');
    return lookAt(session);
  });
}

function toCommandError(error: unknown): never {
  if (!(error instanceof ReleaseError)) throw error;
  throw new CommandError(EXIT.refused, error.message, error.facts, { cause: error });
}

const SECTIONS: readonly [Acts, string][] = [
  ['dba', 'a DBA does first, as superuser:'],
  ['adopt', 'pp-release adopt would do, with a yes:'],
  ['afterwards', 'left to do then:'],
  ['nobody', 'to be known:'],
];

const COLUMNS = 120;

function render({ role, database, releases, backups, findings }: Adoption): string {
  const current = releases.find(({ isCurrent }) => isCurrent);
  const old = releases.filter(({ isOld }) => isOld).length;
  const kept = backups.map(({ stamp }) => stamp).join(', ') || 'none';
  const head = `database ${database}, as role ${role}: ${old} releases of the old system, current is ${current?.label ?? 'none'}; its backups: ${kept}`;
  const sections = SECTIONS.flatMap(([acts, title]) => {
    const of = findings.filter((finding) => finding.acts === acts);
    return of.length > 0 ? ['', title, ...of.flatMap(linesOf)] : [];
  });
  return [...wrap(head, COLUMNS), ...sections].join('\n');
}

/** A DBA gets whole statements; what adopt would run is in --json. */
function linesOf({ id, acts, message, statements }: Finding): string[] {
  const sql = acts === 'dba' ? statements.map((statement) => `    ${statement};`) : [];
  return [...wrap(`  ${id}: ${message}`, COLUMNS, '    '), ...sql];
}
