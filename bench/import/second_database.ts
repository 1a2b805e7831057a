import { superuserUrlOf } from '../../local/stack/index.ts';
import { createLiveDatabase } from '../../local/stack/postgres/databases.ts';
import { prepareSchemas } from '../../local/stack/schemas.ts';
import { readState } from '../../local/stack/state.ts';
import { withSession } from '../support/session.ts';
import { BENCH_DIR, type BenchStack } from '../support/stack.ts';

const SCRIPT_DATABASE = 'pp_script';

export interface SecondDatabase {
  /** As the role that owns it. */
  url: string;
  /** Nothing of before is left to be written while the next one is measured. */
  settle(): Promise<void>;
}

/** A second live database on the stack's server, as empty as the first, linked to the same portal. */
export async function createSecondDatabase({ env }: BenchStack): Promise<SecondDatabase> {
  const state = readState(BENCH_DIR);
  const superuserUrl = state && superuserUrlOf(state);
  if (!superuserUrl) throw new Error('The stack has no superuser.');
  await createLiveDatabase(superuserUrl, SCRIPT_DATABASE);
  const url = new URL(env.PP_DATABASE_URL);
  url.pathname = `/${SCRIPT_DATABASE}`;
  await prepareSchemas(
    {
      PP_DATABASE_URL: url.href,
      PP_PORTAL_DATABASE_URL: env.PP_PORTAL_DATABASE_URL,
      PP_PORTAL_READER_URL: env.PP_PORTAL_READER_URL,
    },
    () => undefined,
  );
  return {
    url: url.href,
    settle: async () => {
      // Else autovacuum would do it beside what is measured next.
      await withSession(url.href, (session) => session.query('vacuum (skip_locked)'));
      await withSession(superuserUrl, (session) => session.query('checkpoint'));
    },
  };
}
