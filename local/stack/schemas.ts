import type { DatabaseUrls } from './postgres/index.ts';
import type { Progress } from './progress.ts';

/**
 * Migrations, the portal's empty schema, the link between the two databases, and the reference rows: each does nothing
 * where it is done already. Imported when needed only, so that a stack without them loads none of the core.
 */
export async function prepareSchemas(urls: DatabaseUrls, progress: Progress): Promise<void> {
  progress('Migrating the live database and linking the portal');
  const { migrate } = await import('../../activities/postgres/migrate.ts');
  await migrate(urls.databaseUrl);
  const { createPortalSchema } = await import('../portal/schema.ts');
  await createPortalSchema(urls.portalUrl);
  const { linkPortal } = await import('../../activities/portal/link.ts');
  await linkPortal(urls.databaseUrl, urls.portalReaderUrl);
  const { seedReference } = await import('../portal/reference.ts');
  await seedReference(urls.databaseUrl);
}
