import { createHash } from 'node:crypto';
import { StackError } from '../errors.ts';
import type { StackEnv, StackState } from '../state.ts';
import { INVALID_PASSWORD, withClient } from './server.ts';

export interface NamedServers {
  databaseUrl: string;
  portalUrl: string;
  portalReaderUrl: string;
}

/** `stack env` prints this beside the addresses. */
export const MARK_VARIABLE = 'PP_STACK_ADDRESSES';

/**
 * Says of two addresses that the stack in `dir` gave them out: after a reset nothing else knows them. A person who exports
 * another address afterwards has named a server, so it is made of the addresses and not of the folder alone.
 */
function markOf(dir: string, databaseUrl: string, portalUrl: string): string {
  return createHash('sha256').update([dir, databaseUrl, portalUrl].join('\n')).digest('hex').slice(0, 32);
}

/** What `stack env` prints: with the mark, where the servers are the stack's own. */
export function printedEnvironment({ dir, env, postgres }: StackState): Partial<StackEnv> & Record<string, string> {
  const printed = { ...env };
  if (!env || postgres?.source === 'environment') return printed;
  return { ...printed, [MARK_VARIABLE]: markOf(dir, env.PP_DATABASE_URL, env.PP_PORTAL_DATABASE_URL) };
}

/** Addresses of this very stack, from `eval "$(npm run -s stack -- env)"`, name no other server, also where they are those of before a reset. */
function isOurOwn(databaseUrl: string, portalUrl: string, { dir, passwords }: StackState): boolean {
  if (process.env[MARK_VARIABLE] === markOf(dir, databaseUrl, portalUrl)) return true;
  const password = URL.canParse(databaseUrl) ? decodeURIComponent(new URL(databaseUrl).password) : '';
  return Object.values(passwords).includes(password);
}

/** Servers that the operator names are used as they are, and nothing is started in their place. */
export function namedServers(state: StackState): NamedServers | undefined {
  const { PP_DATABASE_URL: databaseUrl, PP_PORTAL_DATABASE_URL: portalUrl, PP_PORTAL_READER_URL } = process.env;
  if (!databaseUrl || !portalUrl || isOurOwn(databaseUrl, portalUrl, state)) return undefined;
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
