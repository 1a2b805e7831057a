import type { FindingId } from '../../activities/adopt/finding.ts';
import { missingRights } from '../../activities/adopt/rights.ts';
import { parsePortalAddress } from '../../activities/portal/address.ts';
import { linkPortal } from '../../activities/portal/link.ts';
import { ReleaseError, someOf } from '../../activities/postgres/errors.ts';
import { migrate as applyMigrations } from '../../activities/postgres/migrate.ts';
import { databaseUrl, readEnvironment } from '../config.ts';
import { withDatabase } from '../database.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';

export interface MigrateOptions {
  portal?: string;
  portalEnv?: string;
}

/** Brings the live database up to date and, with --portal or --portal-env, links it to the portal. */
export async function migrate(options: MigrateOptions, output: Output): Promise<void> {
  const flag = options.portalEnv === undefined ? '--portal' : `--portal-env ${options.portalEnv}`;
  const portal = await readAddress(options);
  const url = databaseUrl(readEnvironment());
  let mayBeLogged = false;
  try {
    if (portal !== undefined) parsePortalAddress(portal);
    await requireRights(url, portal !== undefined);
    await applyMigrations(url);
    if (portal !== undefined) ({ mayBeLogged } = await linkPortal(url, portal));
  } catch (error) {
    if (!(error instanceof ReleaseError && error.type === 'BadInput')) throw error;
    throw new CommandError(EXIT.usage, `${flag}: ${error.message}`, error.facts, { cause: error });
  }
  const linked = portal !== undefined;
  const log = mayBeLogged
    ? "; PostgreSQL's log settings may have written the portal's password to its log: docs/database.md says what to do"
    : '';
  output.result(
    { migrated: true, linked, passwordMayBeLogged: mayBeLogged },
    `the database is up to date${linked ? ' and linked to the portal' : ''}${log}`,
  );
}

/** Needed with --portal only. Extensions are left to PostgreSQL: a managed service may let a role make them in its own way. */
const OF_LINK: readonly FindingId[] = [
  'rights-wrapper',
  'rights-server',
  'rights-portal-schema',
  'rights-portal-tables',
];

/**
 * All that the role lacks, at once: PostgreSQL names one a time, in the middle of a migration.
 *
 * @throws CommandError with exit code 3; nothing has changed
 */
async function requireRights(url: string, linking: boolean): Promise<void> {
  const missing = await withDatabase(url, (db) => db.session((session) => missingRights(session)));
  const needed = missing.filter(({ id }) => id !== 'rights-extension' && (linking || !OF_LINK.includes(id)));
  if (needed.length === 0) return;
  const statements = [...new Set(needed.flatMap((finding) => finding.statements))];
  throw new CommandError(
    EXIT.refused,
    `nothing was migrated, since the role lacks rights; a DBA runs: ${someOf(statements)}; --json says what each is for`,
    { missing: needed },
  );
}

/** A password on the command line is in the list of processes and in the shell's history; there are two ways around. */
async function readAddress({ portal, portalEnv }: MigrateOptions): Promise<string | undefined> {
  if (portal !== undefined && portalEnv !== undefined)
    throw new CommandError(EXIT.usage, '--portal and --portal-env are two ways to say the same; give one of them');
  if (portalEnv !== undefined) {
    const address = process.env[portalEnv];
    if (address) return address;
    const why = `the environment variable ${portalEnv} is not set`;
    throw new CommandError(EXIT.usage, `--portal-env: ${why}; it holds the portal's address`);
  }
  return portal === '-' ? readStandardInput() : portal;
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8').trim();
}
