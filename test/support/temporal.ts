import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../../contracts/index.ts';
import { eventually } from './eventually.ts';

/** INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;

export interface TestNamespace {
  name: string;
  client: Client;
  close(): Promise<void>;
}

/** A namespace of one test file's own on the shared server: its task queue and workflow ids are nobody else's. */
export async function createNamespace(
  address: string,
  searchAttributes: readonly string[] = SEARCH_ATTRIBUTES,
): Promise<TestNamespace> {
  const name = `test-${randomBytes(5).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace: name,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await eventually(`namespace ${name} can be used`, () => isUsable(connection, name));
    if (searchAttributes.length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace: name,
        searchAttributes: Object.fromEntries(searchAttributes.map((attribute) => [attribute, KEYWORD])),
      });
    }
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    name,
    client: new Client({ connection, namespace: name }),
    close: async () => {
      await connection.operatorService.deleteNamespace({ namespace: name });
      await connection.close();
    },
  };
}

/** The server's parts learn of a new namespace one after the other. */
async function isUsable(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'any' }, taskQueueType: 1 });
    await connection.workflowService.listWorkflowExecutions({ namespace });
    return true;
  } catch {
    return false;
  }
}
