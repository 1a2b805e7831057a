import { msToTs } from '@temporalio/common/lib/time.js';
import getPort from 'get-port';
import { SCHEDULE_ID } from '../../../client/commands/schedule.ts';
import type { CheckId } from '../../../client/doctor/checks/index.ts';
import { TASK_QUEUE, WORKFLOW } from '../../../contracts/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createNamespace, type TestNamespace } from '../../support/temporal.ts';
import { startWorker, type TestWorker } from '../../support/worker.ts';
import type { Env, Scenario } from '../ward.ts';
import type { Ward } from './ward.ts';

/** INDEXED_VALUE_TYPE_… of Temporal's API. */
const TEXT = 1;
const KEYWORD = 2;

let namespace: TestNamespace | undefined;
let worker: TestWorker | undefined;

/** Another namespace, with these search attributes. */
async function otherNamespace({ shell }: Ward, attributes: Record<string, number>): Promise<Env> {
  namespace = await createNamespace(shell.env.TEMPORAL_ADDRESS ?? '', []);
  const { connection } = namespace.client;
  if (Object.keys(attributes).length > 0)
    await connection.operatorService.addSearchAttributes({ namespace: namespace.name, searchAttributes: attributes });
  return { TEMPORAL_NAMESPACE: namespace.name };
}

const dropNamespace = async () => namespace?.close();

const setRetention = ({ temporal }: Ward, days: number) =>
  temporal.workflowService.updateNamespace({
    namespace: temporal.options.namespace,
    config: { workflowExecutionRetentionTtl: msToTs(days * 86_400_000) },
  });

const createSchedule = ({ temporal }: Ward, spec: object) =>
  temporal.schedule.create({
    scheduleId: SCHEDULE_ID,
    spec: { calendars: [{ dayOfMonth: 1, hour: 6 }], ...spec },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW.release,
      taskQueue: TASK_QUEUE,
      args: [{ scheduleTimeZone: 'UTC' }],
    },
  });

const dropSchedule = ({ temporal }: Ward) => temporal.schedule.getHandle(SCHEDULE_ID).delete();

export const temporalScenarios: Record<Extract<CheckId, `temporal.${string}`>, Scenario<Ward>> = {
  'temporal.answers': {
    break: async () => ({ TEMPORAL_ADDRESS: `127.0.0.1:${await getPort()}` }),
  },
  'temporal.namespace': {
    break: async () => ({ TEMPORAL_NAMESPACE: 'test-doctor' }),
    // The part of the server that deletes learns of a new namespace after the part that describes it.
    after: async ({ temporal }) =>
      void (await eventually('namespace test-doctor can be deleted', () =>
        temporal.connection.operatorService.deleteNamespace({ namespace: 'test-doctor' }).catch(() => false),
      )),
  },
  'temporal.search_attributes': {
    break: (ward) => otherNamespace(ward, { PpLabel: KEYWORD }),
    after: dropNamespace,
  },
  'temporal.search_attribute_types': {
    break: (ward) => otherNamespace(ward, { PpLabel: KEYWORD, PpState: TEXT, PpPhase: TEXT }),
    after: dropNamespace,
  },
  'temporal.retention': {
    break: async (ward) => {
      await setRetention(ward, 1);
      return undefined;
    },
  },
  'temporal.worker': {
    isMissing: true,
    break: async () => undefined,
  },
  'temporal.worker_version': {
    isMissing: true,
    break: async (ward) => {
      const { shell } = ward;
      const other = await otherNamespace(ward, {
        PpLabel: KEYWORD,
        PpState: KEYWORD,
        PpPhase: KEYWORD,
      });
      worker = await startWorker(shell.dir, { ...shell.env, ...other }, [
        '--deployment',
        'doctor',
        '--build-id',
        'b 1',
      ]);
      return other;
    },
    after: async () => {
      await worker?.stop();
      await dropNamespace();
    },
  },
  'temporal.schedule_paused': {
    break: async (ward) => {
      const handle = await createSchedule(ward, {});
      await handle.pause('for a test');
      return undefined;
    },
    after: dropSchedule,
  },
  'temporal.schedule_ended': {
    break: async (ward) => {
      await createSchedule(ward, { endAt: new Date('2020-01-01T00:00:00Z') });
      return undefined;
    },
    after: dropSchedule,
  },
};
