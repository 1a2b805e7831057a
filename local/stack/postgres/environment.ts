import { StackError } from '../errors.ts';
import type { StackState } from '../state.ts';
import { INVALID_PASSWORD, withClient } from './server.ts';

export interface NamedServers {
  databaseUrl: string;
  portalUrl: string;
  portalReaderUrl: string;
}

/** The URLs of this very stack, from `eval "$(npm run -s stack -- env)"`, name no other server. */
const isOurOwn = (url: string, { passwords }: StackState): boolean => {
  const password = URL.canParse(url) ? decodeURIComponent(new URL(url).password) : '';
  return Object.values(passwords).includes(password);
};

/** Servers that the operator names are used as they are, and nothing is started in their place. */
export function namedServers(state: StackState): NamedServers | undefined {
  const { PP_DATABASE_URL: databaseUrl, PP_PORTAL_DATABASE_URL: portalUrl, PP_PORTAL_READER_URL } = process.env;
  if (!databaseUrl || !portalUrl || isOurOwn(databaseUrl, state)) return undefined;
  return { databaseUrl, portalUrl, portalReaderUrl: PP_PORTAL_READER_URL || portalUrl };
}

const withoutPassword = (url: string): string => url.replace(/\/\/([^:@/]*):[^@]*@/, '//$1:***@');

export async function requireReachable({ databaseUrl, portalUrl, portalReaderUrl }: NamedServers): Promise<void> {
  const named = {
    PP_DATABASE_URL: databaseUrl,
    PP_PORTAL_DATABASE_URL: portalUrl,
    PP_PORTAL_READER_URL: portalReaderUrl,
  };
  for (const [variable, url] of Object.entries(named)) {
    try {
      await withClient(url, (client) => client.query('SELECT 1'));
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const why = code === INVALID_PASSWORD ? 'the server refuses this password' : message || String(code);
      throw new StackError(
        `The database that ${variable} names cannot be used: ${withoutPassword(url)}`,
        why,
        `Correct ${variable}, or unset PP_DATABASE_URL and PP_PORTAL_DATABASE_URL to get private servers.`,
      );
    }
  }
}
