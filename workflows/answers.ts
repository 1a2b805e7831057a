import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import {
  type ByRequest,
  describeWaiting,
  faultOfName,
  type PromoteRequest,
  SHORTEST_DIGEST,
  type WaitAnswer,
  type WaitingFor,
} from '../contracts/index.ts';
import { parkSignal, parkUpdate, promoteSignal, promoteUpdate, retrySignal, retryUpdate } from './messages.ts';
import type { ReleaseRun } from './run.ts';

/** The commands and messages that answer a release which waits. */
export function answersTo(
  kind: WaitingFor['kind'],
  { input: { label }, manifest, committed }: ReleaseRun,
): WaitAnswer[] {
  const by = '"by":"NAME"';
  const answers: WaitAnswer[] = [];
  if (kind === 'promote') {
    const digest = manifest?.digest.slice(0, SHORTEST_DIGEST);
    answers.push({
      command: `pp-release promote ${label} --digest ${digest}`,
      message: `promote {${by},"digest":"${digest}"}`,
      effect: 'makes it live',
    });
  } else {
    answers.push({
      command: `pp-release retry ${label}`,
      message: `retry {${by}}`,
      effect: 'runs the phase again, once its cause is mended',
    });
  }
  if (committed) return answers;
  answers.push(
    {
      command: `pp-release park ${label}`,
      message: `park {${by}}`,
      effect: 'gives the lock back and keeps staging, for a later start',
    },
    { command: 'pp-release abort', message: 'abort', effect: 'drops staging and gives the lock back' },
  );
  return answers;
}

/** Answers promote, retry and park. An update says why it is refused; a signal is put on the status then. */
export function listenForAnswers(run: ReleaseRun): void {
  const { waiting } = run;
  const facts = () => ({ releaseId: run.release.releaseId, label: run.input.label });

  const promote = ({ by, digest }: PromoteRequest) => waiting.answer({ kind: 'promoted', by, digest });
  const retry = (request: ByRequest) => waiting.answer({ kind: 'retried', by: nameIn(request) });
  const park = (request: ByRequest) => waiting.answer({ kind: 'parked', by: nameIn(request) });

  setHandler(
    promoteUpdate,
    (request) => {
      promote(request);
      return { promoted: true, ...facts(), digest: run.manifest?.digest ?? '', by: request.by };
    },
    { validator: (request) => refuse(refusalOfPromote(run, request)) },
  );
  setHandler(
    retryUpdate,
    (request) => {
      const retrying = run.status.waitingFor?.phase ?? 'acquire_lock';
      retry(request);
      return { retrying, ...facts(), by: nameIn(request) };
    },
    { validator: (request: ByRequest) => refuse(refusalOfRetry(run, request)) },
  );
  setHandler(
    parkUpdate,
    async (request) => {
      park(request);
      await condition(() => run.lockGivenBack);
      if (!run.parked) throw refusal(`it was not parked: the release ended as ${run.status.state}`);
      return { parked: true, ...facts(), ...run.parked };
    },
    { validator: (request: ByRequest) => refuse(refusalOfPark(run, request)) },
  );
  const taken = (name: string, reason: string | undefined) => {
    if (reason !== undefined) run.refuseSignal(name, reason);
    return reason === undefined;
  };
  setHandler(promoteSignal, (request) => {
    if (taken('promote', refusalOfPromote(run, request))) promote(request);
  });
  setHandler(retrySignal, (request) => {
    if (taken('retry', refusalOfRetry(run, request))) retry(request);
  });
  setHandler(parkSignal, (request) => {
    if (taken('park', refusalOfPark(run, request))) park(request);
  });
}

function refusalOfPromote(run: ReleaseRun, request: Partial<PromoteRequest> | undefined | null): string | undefined {
  if (run.status.waitingFor?.kind !== 'promote') return notWaiting(run, 'nothing to promote');
  if (run.waiting.isAnswered) return 'it has been answered already; see pp-release status';
  const { by, digest } = request ?? {};
  const example = `{"by":"NAME","digest":"${run.manifest?.digest.slice(0, SHORTEST_DIGEST)}"}`;
  if (by === undefined || by === null) return `by is missing: say who promotes, as in ${example}`;
  const fault = faultOfName(by);
  if (fault) return `by ${fault}: say who promotes, as in ${example}`;
  if (typeof digest !== 'string' || digest.length < SHORTEST_DIGEST) {
    return `digest is missing or too short: give the first ${SHORTEST_DIGEST} characters of the manifest's digest or more; pp-release promote prints it`;
  }
  if (!/^[0-9a-f]+$/.test(digest)) return 'digest is none: it has digits and the letters a to f only';
  if (run.manifest?.digest.startsWith(digest)) return undefined;
  return `digest ${digest} is not that of the manifest, which is ${run.manifest?.digest}: staging is not what was looked at; look at its manifest again, then promote it with that digest`;
}

function refusalOfRetry(run: ReleaseRun, request: unknown): string | undefined {
  if (run.status.waitingFor?.kind !== 'retry') return notWaiting(run, 'nothing to retry');
  return run.waiting.isAnswered ? 'it has been answered already; see pp-release status' : refusalOfName(request);
}

/** The name may be left out; what is there is kept with the events, so it has to be a name. */
function refusalOfName(request: unknown): string | undefined {
  const example = '{"by":"NAME"}';
  if (request === undefined || request === null) return undefined;
  if (typeof request !== 'object') return `its input is ${JSON.stringify(request)}: give ${example}, or nothing`;
  const { by } = request as { by?: unknown };
  const fault = by === undefined || by === null ? undefined : faultOfName(by);
  return fault && `by ${fault}: say who asks, as in ${example}, or leave it out`;
}

function refusalOfPark(run: ReleaseRun, request: unknown): string | undefined {
  const { waitingFor } = run.status;
  if (!waitingFor || waitingFor.kind === 'abort') return notWaiting(run, 'nothing to park');
  if (run.committed) {
    return `release ${run.input.label} is live and has to be finished, so it cannot be parked: mend the cause, then pp-release retry ${run.input.label}`;
  }
  return run.waiting.isAnswered ? 'it has been answered already; see pp-release status' : refusalOfName(request);
}

function notWaiting({ input: { label }, status, plan }: ReleaseRun, what: string): string {
  const release = `release ${plan ? `${plan.release.releaseId} ` : ''}${label}`;
  const { phase, state, waitingFor } = status;
  if (!waitingFor) {
    return `there is ${what}: ${release} waits for nobody, it is in phase ${phase ?? 'acquire_lock'} (state ${state}); pp-release status tells more`;
  }
  const commands = waitingFor.answers.map(({ command }) => command).join(', ');
  return `there is ${what}: ${release} ${describeWaiting(waitingFor)}${commands ? `; answer with ${commands}` : ''}`;
}

function nameIn(request: ByRequest | undefined | null): string {
  return request?.by ?? 'unnamed';
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw refusal(reason);
}

function refusal(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(reason, 'Refused');
}
