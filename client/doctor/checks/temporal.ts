import { type Client, isGrpcServiceError } from '@temporalio/client';
import { ReleaseError } from '../../../activities/postgres/errors.ts';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../../contracts/index.ts';
import { requireSearchAttributes } from '../../../worker/search_attributes.ts';
import { SCHEDULE_ID } from '../../commands/schedule.ts';
import { readReport, type ScheduleReport } from '../../schedule_report.ts';
import { failed, group, ok, some, warning } from '../check.ts';
import { word } from '../shell.ts';
import { fact, type Surroundings } from '../surroundings.ts';

/** Days for which Temporal keeps a release that has ended: over a long weekend one can still reset it and read its history. */
const RETENTION_DAYS = 3;
/** A worker asks for work at least once a minute. One that has not asked for so long is gone, though Temporal lists it. */
const POLL_LIMIT_MS = 90_000;
const DAY_S = 86_400;
/** gRPC's. */
const NOT_FOUND = 5;

export const START_WORKER = 'nohup pp-release worker >>worker.out 2>&1 </dev/null &';

const at = ({ place }: Surroundings) =>
  `--address ${word(place.temporal.address)} --namespace ${word(place.temporal.namespace)}`;

export const temporalChecks = group(['temporal.answers', 'temporal.namespace'], {
  'temporal.answers': {
    title: 'Temporal answers',
    expected: 'a Temporal server at TEMPORAL_ADDRESS',
    why: 'Temporal keeps what each release has done; without it nothing starts and nothing goes on.',
    pre: true,
    async look(here) {
      const { address } = here.place.temporal;
      try {
        await here.temporal();
        return ok(`answers at ${address}`);
      } catch {
        return failed(`does not answer at ${address}`, startTemporal(address));
      }
    },
  },
  'temporal.namespace': {
    title: 'the namespace exists',
    expected: 'the namespace that TEMPORAL_NAMESPACE names',
    why: 'Releases, their histories and the schedule live in one namespace; workers and commands have to name the same.',
    pre: true,
    async look(here) {
      const { namespace } = here.place.temporal;
      try {
        await describeNamespace(here);
        return ok(`${namespace} is there`);
      } catch (error) {
        if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error;
        const create = `temporal operator namespace create ${at(here)} --retention ${RETENTION_DAYS * 24}h`;
        return failed(`there is no namespace ${namespace}`, {
          commands: [create],
          note: 'the server needs a few seconds until the namespace can be used',
        });
      }
    },
  },
  'temporal.search_attributes': {
    title: 'the search attributes are registered',
    expected: `${SEARCH_ATTRIBUTES.join(', ')} in the namespace`,
    why: 'Every release sets them; without them its workflow hangs in retries, so no worker starts.',
    pre: true,
    async look(here) {
      const fault = await attributeFault(here);
      const missing = fault?.facts.missing as string[] | undefined;
      if (!missing) return ok('all are there');
      return failed(`missing: ${missing.join(', ')}`, { commands: [String(fault?.facts.command)] });
    },
  },
  'temporal.search_attribute_types': {
    title: 'the search attributes have the right type',
    expected: 'type Keyword',
    why: 'Temporal refuses a value of another type, and the workflow of each release hangs in retries.',
    pre: true,
    async look(here) {
      const wrong = (await attributeFault(here))?.facts.wrong as string[] | undefined;
      if (!wrong) return ok('Keyword');
      const names = wrong.map((name) => `--name ${name}`).join(' ');
      const typed = wrong.map((name) => `--name ${name} --type Keyword`).join(' ');
      return failed(`not Keyword: ${wrong.join(', ')}`, {
        commands: [
          `temporal operator search-attribute remove ${at(here)} --yes ${names}`,
          `temporal operator search-attribute create ${at(here)} ${typed}`,
        ],
        note: 'other workflows of the namespace that set the attribute lose it',
      });
    },
  },
  'temporal.retention': {
    title: 'ended releases are kept long enough',
    expected: `at least ${RETENTION_DAYS} days`,
    why: 'What Temporal has forgotten cannot be reset or read any more, and its lock is taken over as that of an unknown workflow.',
    async look(here) {
      const { config } = await describeNamespace(here);
      const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
      const seen = `${Math.round(seconds / 3600)} h`;
      if (seconds >= RETENTION_DAYS * DAY_S) return ok(seen);
      return warning(seen, {
        commands: [`temporal operator namespace update ${at(here)} --retention ${RETENTION_DAYS * 24}h`],
      });
    },
  },
  'temporal.worker': {
    title: 'a worker polls',
    expected: `a worker that asks task queue ${TASK_QUEUE} for workflow tasks and for activities`,
    why: 'Workers do all the work: without one a start waits, and a release that runs stands still.',
    async look(here) {
      const pollers = await readPollers(here);
      const missing =
        pollers.workflow.length === 0 ? 'workflow tasks' : pollers.activity.length === 0 ? 'activities' : '';
      if (!missing) return ok(some([...new Set(pollers.workflow.map(({ identity }) => identity))]));
      return failed(`no worker has asked for ${missing} in the last ${POLL_LIMIT_MS / 1000} s`, {
        commands: [START_WORKER],
        note: 'better, as a service: README, "The worker as a service"; this shell lacks the settings of that service',
      });
    },
  },
  'temporal.worker_version': {
    title: 'the version of the workers is current',
    expected: 'a version of the workers that poll is current, or a worker polls without a version',
    why: 'Workers with a version get no new release until deploy makes it current: a start would wait for ever.',
    needs: ['temporal.worker'],
    async look(here) {
      const { workflow, current } = await readPollers(here);
      const versions = workflow.map(({ version }) => version);
      const [first] = versions;
      if (!first || versions.includes(undefined)) return ok('workers have no version, and need none');
      const names = versions.flatMap((version) => (version ? [`${version.deploymentName} ${version.buildId}`] : []));
      if (current && names.includes(current)) return ok(`${current} is current`);
      const { deploymentName, buildId } = first;
      return failed(`workers poll as ${some([...new Set(names)])}; current is ${current ?? 'none'}`, {
        commands: [`pp-release deploy --deployment ${word(deploymentName)} --build-id ${word(buildId)}`],
      });
    },
  },
  'temporal.schedule_paused': {
    title: 'the schedule is not paused',
    expected: `schedule ${SCHEDULE_ID} runs, or there is none`,
    why: 'A paused schedule starts nothing and says nothing: a month without a release is noticed late.',
    async look(here) {
      const report = await readSchedule(here);
      if (!report) return ok('there is no schedule: a person starts each release');
      const next = report.nextTimes[0];
      if (!report.paused) return ok(next ? `next: ${next.label} at ${next.at}` : 'not paused');
      return warning(`paused${report.note ? `: ${report.note}` : ''}`, { commands: ['pp-release schedule resume'] });
    },
  },
  'temporal.schedule_ended': {
    title: 'the schedule has a next time',
    expected: `schedule ${SCHEDULE_ID} has a time to come, or there is none`,
    why: 'A schedule whose times are over looks alive and starts nothing.',
    async look(here) {
      const report = await readSchedule(here);
      if (!report) return ok('there is no schedule');
      const next = report.nextTimes[0];
      if (next) return ok(`next: ${next.label} at ${next.at}`);
      return warning(`its times are over (${report.when.join(', ') || 'it has none'})`, {
        commands: ['pp-release schedule delete', 'pp-release schedule create'],
        note: 'create makes the default schedule; its flags change day, hour, time zone and mode',
      });
    },
  },
});

/** A server on this machine can be started at its address; of another one, only its machine is known. */
function startTemporal(address: string) {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (!['localhost', '127.0.0.1', '[::1]'].includes(host)) {
    return {
      commands: [`temporal operator cluster health --address ${word(address)}`],
      note: 'start Temporal there, open the way to it, or set TEMPORAL_ADDRESS to where it is; the command shows when it answers',
    };
  }
  const ip = host === 'localhost' ? '127.0.0.1' : host.replace(/[[\]]/g, '');
  const attributes = SEARCH_ATTRIBUTES.map((name) => `--search-attribute ${name}=Keyword`).join(' ');
  return {
    commands: [
      `nohup temporal server start-dev --ip ${ip} --port ${port} --headless --db-filename temporal.db ${attributes} >>temporal.out 2>&1 </dev/null &`,
      `until temporal operator cluster health --address ${word(address)} >/dev/null 2>&1; do sleep 1; done`,
    ],
    note: "this clone's own stack starts with: npm run stack -- up",
  };
}

const describeNamespace = fact(async (here) => {
  const client = await here.temporal();
  return client.workflowService.describeNamespace({ namespace: client.options.namespace });
});

const attributeFault = fact(async (here): Promise<ReleaseError | undefined> => {
  try {
    await requireSearchAttributes(await here.temporal(), here.place.temporal.address);
    return undefined;
  } catch (error) {
    if (error instanceof ReleaseError) return error;
    throw error;
  }
});

interface Poller {
  identity: string;
  version: { deploymentName: string; buildId: string } | undefined;
}

/** Who has asked for work lately, and the version that new releases go to, as `deployment build`. */
export const readPollers = fact(async (here) => {
  const client = await here.temporal();
  const [forWorkflows, forActivities] = await Promise.all([describeQueue(client, 1), describeQueue(client, 2)]);
  const current = forWorkflows.versioningInfo?.currentDeploymentVersion;
  return {
    workflow: recent(forWorkflows.pollers),
    activity: recent(forActivities.pollers),
    current: current?.buildId ? `${current.deploymentName} ${current.buildId}` : undefined,
  };
});

type Queue = Awaited<ReturnType<Client['workflowService']['describeTaskQueue']>>;

function describeQueue(client: Client, taskQueueType: 1 | 2): Promise<Queue> {
  const { namespace } = client.options;
  return client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: TASK_QUEUE }, taskQueueType });
}

/** WORKER_VERSIONING_MODE_VERSIONED of Temporal's API. */
const VERSIONED = 2;

function recent(pollers: Queue['pollers']): Poller[] {
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < POLL_LIMIT_MS)
    .map(({ identity, deploymentOptions }) => ({
      identity: identity ?? 'a worker',
      version:
        deploymentOptions?.workerVersioningMode === VERSIONED
          ? { deploymentName: deploymentOptions.deploymentName ?? '', buildId: deploymentOptions.buildId ?? '' }
          : undefined,
    }));
}

const readSchedule = fact(async (here): Promise<ScheduleReport | undefined> => {
  const client = await here.temporal();
  try {
    return await readReport(client, client.schedule.getHandle(SCHEDULE_ID));
  } catch (error) {
    if ((error as Error).name === 'ScheduleNotFoundError') return undefined;
    throw error;
  }
});
