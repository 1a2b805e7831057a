import { Client, Connection, ServiceError } from '@temporalio/client';
import type { TemporalAddress } from './config.ts';
import { CommandError, EXIT } from './errors.ts';

/** Runs `work` with a client of the Temporal server. @throws CommandError when the server does not answer */
export async function withTemporal<T>(where: TemporalAddress, work: (client: Client) => Promise<T>): Promise<T> {
  let connection: Connection;
  try {
    connection = await Connection.connect({ address: where.address, connectTimeout: '5s' });
  } catch (error) {
    throw unreachable(where, error);
  }
  try {
    return await work(new Client({ connection, namespace: where.namespace }));
  } catch (error) {
    if (error instanceof ServiceError && /UNAVAILABLE|failed to connect/i.test(String(error.cause)))
      throw unreachable(where, error);
    if (error instanceof Error && /NOT_FOUND: Namespace .* is not found/i.test(error.message)) {
      const text = `Temporal at ${where.address} has no namespace ${where.namespace}; create it, or set TEMPORAL_NAMESPACE`;
      throw new CommandError(EXIT.failed, text, { namespace: where.namespace }, { cause: error });
    }
    throw error;
  } finally {
    await connection.close();
  }
}

function unreachable({ address }: TemporalAddress, cause: unknown): CommandError {
  return new CommandError(
    EXIT.failed,
    `Temporal does not answer at ${address}; start the stack with npm run stack -- up, or set TEMPORAL_ADDRESS`,
    { address },
    { cause },
  );
}

/** Page of a workflow in the Web UI. */
export function workflowPage(
  { uiUrl, namespace }: TemporalAddress,
  workflowId: string,
  runId: string,
): string | undefined {
  if (!uiUrl) return undefined;
  const base = uiUrl.replace(/\/$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
}
