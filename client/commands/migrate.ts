import { linkPortal } from '../../activities/portal/link.ts';
import { migrate as applyMigrations } from '../../activities/postgres/migrate.ts';
import { databaseUrl, readEnvironment } from '../config.ts';
import type { Output } from '../output.ts';

/** Brings the live database up to date and, with --portal, links it to the portal. */
export async function migrate(options: { portal?: string }, output: Output): Promise<void> {
  const url = databaseUrl(readEnvironment());
  await applyMigrations(url);
  if (options.portal) await linkPortal(url, options.portal);
  output.result(
    { migrated: true, linked: Boolean(options.portal) },
    `the database is up to date${options.portal ? ' and linked to the portal' : ''}`,
  );
}
