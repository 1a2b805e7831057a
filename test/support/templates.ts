import { migrate } from '../../activities/postgres/migrate.ts';
import { seedReference } from '../../local/portal/reference.ts';
import { createPortalSchema } from '../../local/portal/schema.ts';
import { createLiveDatabase, createPortalDatabase } from '../../local/stack/postgres/databases.ts';
import type { StackState } from '../../local/stack/state.ts';

export const LIVE_TEMPLATE = 'pp_live_template';
export const PORTAL_TEMPLATE = 'pp_portal_template';

/** The connection URL for another database or role of the same server. */
export function urlWith(url: string, parts: { database?: string; role?: string; password?: string }): string {
  const changed = new URL(url);
  if (parts.database !== undefined) changed.pathname = `/${parts.database}`;
  if (parts.role !== undefined) changed.username = parts.role;
  if (parts.password !== undefined) changed.password = parts.password;
  return changed.href;
}

/** Made once a run, since cloning a database takes a tenth of a second and migrating one takes many. */
export async function createTemplates(superuserUrl: string, passwords: StackState['passwords']): Promise<void> {
  await createLiveDatabase(superuserUrl, LIVE_TEMPLATE);
  const liveUrl = urlWith(superuserUrl, {
    database: LIVE_TEMPLATE,
    role: 'pp_release',
    password: passwords.pp_release,
  });
  await migrate(liveUrl);
  await seedReference(liveUrl);
  await createPortalDatabase(superuserUrl, PORTAL_TEMPLATE);
  await createPortalSchema(
    urlWith(superuserUrl, { database: PORTAL_TEMPLATE, role: 'portal_owner', password: passwords.portal_owner }),
  );
}
