import { existsSync } from 'node:fs';
import type { Progress } from './progress.ts';
import type { StackEnv } from './state.ts';

/** Addresses, and a folder for CSV files where there is to be one. */
export type SchemaEnv = Pick<StackEnv, 'PP_DATABASE_URL' | 'PP_PORTAL_DATABASE_URL' | 'PP_PORTAL_READER_URL'> & {
  PP_CSV_DIR?: string;
};

/**
 * Migrations, the portal's empty schema, the link between the two databases, the reference rows and CSV files: each does nothing
 * where it is done already. Imported when needed only, so that a stack without them loads none of the core.
 */
export async function prepareSchemas(env: SchemaEnv, progress: Progress): Promise<void> {
  progress('Migrating the live database and linking the portal');
  const { migrate } = await import('../../activities/postgres/migrate.ts');
  await migrate(env.PP_DATABASE_URL);
  const { createPortalSchema } = await import('../portal/schema.ts');
  await createPortalSchema(env.PP_PORTAL_DATABASE_URL);
  const { linkPortal } = await import('../../activities/portal/link.ts');
  await linkPortal(env.PP_DATABASE_URL, env.PP_PORTAL_READER_URL);
  const { seedReference } = await import('../portal/reference.ts');
  await seedReference(env.PP_DATABASE_URL);
  // A seeding writes newer ones, which name sites of the portal.
  const { writeDemoCsv } = await import('../portal/csv.ts');
  if (env.PP_CSV_DIR && !existsSync(env.PP_CSV_DIR)) await writeDemoCsv({ dir: env.PP_CSV_DIR, date: '2020-01-01' });
}
