import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isGrpcDeadlineError } from '@temporalio/client';
import { ident } from '../../../activities/postgres/identifiers.ts';
import { type ProbePart, type ProbeResult, TASK_QUEUE, WORKFLOW } from '../../../contracts/index.ts';
import { trySend } from '../../../worker/notices.ts';
import { type Finding, failed, group, ok, type Remedy, some, warning } from '../check.ts';
import { dbaSql } from '../shell.ts';
import { fact, type Surroundings } from '../surroundings.ts';
import { readRole } from './database/access.ts';
import { link } from './portal.ts';
import { readPollers, START_WORKER } from './temporal.ts';

export const probeChecks = group([], {
  'probe.workflow': {
    probe: true,
    needs: ['temporal.worker', 'temporal.worker_version'],
    title: 'a worker does what it is asked',
    expected: `workflow ${WORKFLOW.probe} and its activity end in time`,
    why: 'A worker that is frozen, or has code of another time, polls like one that works.',
    async look(here) {
      const result = await runProbe(here);
      if (result) return ok(`attempt ${result.attempt} was done`);
      return failed(`no answer within ${here.limits.work / 1000} s`, await remedyOfWorker(here));
    },
  },
  'probe.swap': {
    probe: true,
    needs: ['probe.workflow', 'database.migrations'],
    title: 'a swap can be made',
    expected: 'the worker swaps a table of two rows in schema pp_release, and another session sees the new ones',
    why: 'It is what each release ends with; triggers on events, rights and tablespaces show here, and not after hours.',
    async look(here) {
      const { swap } = (await runProbe(here)) as ProbeResult;
      return tell(swap, 'two rows were swapped', await remedyOfSwap(here));
    },
  },
  'probe.row': {
    probe: true,
    needs: ['probe.workflow', 'database.migrations'],
    title: 'a row comes over from the portal',
    expected: 'the worker reads a foreign table',
    why: 'The worker may have another database, and another link, than this shell.',
    async look(here) {
      const { row } = (await runProbe(here)) as ProbeResult;
      return tell(row, 'the portal has answered', link(here));
    },
  },
  'probe.chat': {
    probe: true,
    needs: ['notifications.url', 'notifications.host'],
    title: 'the chat takes a message',
    expected: 'the webhook accepts a message that says that it is a test',
    why: 'A webhook that was withdrawn takes connections and refuses each message.',
    async look({ place }) {
      const { slackWebhookUrl } = place.settings;
      if (slackWebhookUrl === undefined) return ok('PP_SLACK_WEBHOOK_URL is not set: no message is sent');
      const fault = await trySend(slackWebhookUrl, 'This is a test by pp-release doctor: nothing has happened');
      if (fault === undefined) return ok('it has taken a message');
      return warning(fault, {
        commands: ['unset PP_SLACK_WEBHOOK_URL'],
        note: "no message is sent then; or make a new webhook and put its address there, in the worker's environment, too",
      });
    },
  },
});

/** The only worker there is, if it runs here, is ended: one that is frozen would go on taking tasks. */
async function remedyOfWorker(here: Surroundings): Promise<Remedy> {
  const identities = [...new Set((await readPollers(here)).workflow.map(({ identity }) => identity))];
  // Temporal's SDK calls a worker PID@HOST.
  const [, pid, host] = /^(\d+)@(.*)$/.exec(identities[0] ?? '') ?? [];
  const isOnlyOneHere = identities.length === 1 && host === hostname();
  return {
    commands: [...(isOnlyOneHere ? [`kill -KILL ${pid}`] : []), START_WORKER],
    note: `workers that poll: ${some(identities)}; end the one that does not answer, or give it the code of this command`,
  };
}

function tell({ done, fault }: ProbePart, seen: string, remedy: Remedy): Finding {
  return done ? ok(seen) : failed(fault ?? 'it failed without a word', remedy);
}

/** An event trigger may forbid what a swap does; otherwise it is a right of schema pp_release. */
async function remedyOfSwap(here: Surroundings): Promise<Remedy> {
  const triggers = await here.rows<{ name: string }>(
    `select evtname::text as name from pg_event_trigger where evtenabled <> 'D' and evtevent like 'ddl_command%' order by 1`,
  );
  const { role } = await readRole(here);
  const statements = triggers.map(({ name }) => `alter event trigger ${ident(name)} disable`);
  return {
    as: 'dba',
    commands: [
      dbaSql(...(statements.length > 0 ? statements : [`grant usage, create on schema pp_release to ${ident(role)}`])),
    ],
    note: 'what PostgreSQL said is the cause; the command takes away the usual one',
  };
}

/** @returns nothing where no worker has done it in time */
const runProbe = fact(async (here): Promise<ProbeResult | undefined> => {
  const client = await here.temporal();
  const handle = await client.workflow.start(WORKFLOW.probe, {
    workflowId: `portal-probe-${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [],
    // Without a worker that can do it, it must not be left.
    workflowExecutionTimeout: here.limits.work,
    staticSummary: 'a probe by pp-release doctor',
  });
  try {
    return (await client.withDeadline(Date.now() + here.limits.work, () => handle.result())) as ProbeResult;
  } catch (error) {
    if (isGrpcDeadlineError(error) || (error as Error).name === 'WorkflowFailedError') return undefined;
    throw error;
  }
});
