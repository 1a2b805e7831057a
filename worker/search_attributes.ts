import type { Client } from '@temporalio/client';
import { ReleaseError } from '../activities/postgres/errors.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/index.ts';

/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2;

/**
 * Without its search attributes every workflow would hang in task retries, and say so to nobody.
 *
 * @throws ReleaseError ConfigurationError with the command that registers what is missing
 */
export async function requireSearchAttributes(client: Client, address: string): Promise<void> {
  const { namespace } = client.options;
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
  const known = new Map(Object.entries(customAttributes ?? {}));
  const wrong = SEARCH_ATTRIBUTES.filter((name) => known.has(name) && known.get(name) !== KEYWORD);
  if (wrong.length > 0) {
    const message = `search attribute ${wrong.join(', ')} of namespace ${namespace} is not of type Keyword: remove it with temporal operator search-attribute remove, then start the worker again`;
    throw new ReleaseError('ConfigurationError', message, { wrong });
  }
  const missing = SEARCH_ATTRIBUTES.filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
  const command = `temporal operator search-attribute create --address ${address} --namespace ${namespace} ${names}`;
  throw new ReleaseError(
    'ConfigurationError',
    `namespace ${namespace} lacks the search attributes ${missing.join(', ')}, without which no release can run; register them, then start the worker again: ${command}`,
    { missing, command },
  );
}
