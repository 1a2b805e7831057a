import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lastLines, runCommand } from '../command.ts';
import { StackError } from '../errors.ts';
import { logSize, readLog } from '../log-file.ts';
import { choosePort, isAsked } from '../ports.ts';
import { isAlive, startDetached, terminate } from '../process.ts';
import type { Progress } from '../progress.ts';
import { pathsOf, type StackState, type TemporalState, writeState } from '../state.ts';
import { obtainTemporal } from './obtain.ts';

export const TEMPORAL_NAMESPACE = 'default';
const PORT_VARIABLE = 'PP_STACK_TEMPORAL_PORT';
const UI_PORT_VARIABLE = 'PP_STACK_UI_PORT';
const START_LIMIT_MS = 60_000;
/** Long enough for a look at a release that has ended before the weekend, which the server's own day is not. */
const RETENTION = '72h';
/** Go's own value is 100. A small heap that many short calls fill is collected all the time: a fifth of the server's CPU time. */
const LAZY_COLLECTOR = '400';
/**
 * SQLite's own journal is a file that is made, synced and removed for each of a release's hundreds of transactions: most of the time of a
 * small release. With this one a killed server loses nothing; a power cut may cost the last moment of a history.
 */
const JOURNAL = ['journal_mode=WAL', 'synchronous=NORMAL'];
const SEARCH_ATTRIBUTES = ['PpLabel', 'PpState', 'PpPhase'];

const ask = (binary: string, port: number, args: string[]) =>
  runCommand(binary, ['operator', ...args, '--address', `127.0.0.1:${port}`, '--command-timeout', '5s'], {
    timeoutMs: 10_000,
  });

/** Serving, and with our search attributes: the development server adds them shortly after it starts to serve. */
async function isHealthy({ binary, port }: TemporalState): Promise<boolean> {
  const health = await ask(binary, port, ['cluster', 'health']);
  if (health.code !== 0 || !health.stdout.includes('SERVING')) return false;
  const listed = await ask(binary, port, ['search-attribute', 'list', '--namespace', TEMPORAL_NAMESPACE]);
  return SEARCH_ATTRIBUTES.every((name) => listed.stdout.includes(name));
}

const argumentsOf = (dir: string, { port, uiPort, metricsPort, httpPort }: TemporalState): string[] => [
  ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
  ...['--http-port', String(httpPort), '--metrics-port', String(metricsPort)],
  ...['--db-filename', pathsOf(dir).temporalDb, '--log-level', 'warn'],
  ...JOURNAL.flatMap((pragma) => ['--sqlite-pragma', pragma]),
  ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
];

/** Brings up Temporal's development server with its Web UI; histories are kept in a file over restarts. */
export async function ensureTemporal(state: StackState, progress: Progress): Promise<TemporalState> {
  const previous = state.temporal;
  if (previous !== undefined && isAlive(previous.process)) {
    const isWhereAsked = isAsked(PORT_VARIABLE, previous.port) && isAsked(UI_PORT_VARIABLE, previous.uiPort);
    if (isWhereAsked && (await isHealthy(previous))) return previous;
    progress(`Temporal ${isWhereAsked ? 'does not answer' : 'is to have another port'}; starting it again`);
    await stopTemporal(previous);
  } else if (previous?.process !== undefined) {
    progress('Temporal is not running; starting it again');
  }
  const temporal: TemporalState = {
    binary: await obtainTemporal(progress),
    port: await choosePort(PORT_VARIABLE, previous?.port),
    uiPort: await choosePort(UI_PORT_VARIABLE, previous?.uiPort),
    httpPort: await choosePort(undefined, previous?.httpPort),
    metricsPort: await choosePort(undefined, previous?.metricsPort),
  };
  const { temporalLog, temporalDb } = pathsOf(state.dir);
  mkdirSync(dirname(temporalDb), { recursive: true });
  progress(`Starting Temporal on 127.0.0.1:${temporal.port}, Web UI on http://127.0.0.1:${temporal.uiPort}`);
  const logStart = logSize(temporalLog);
  const { record, exited } = await startDetached({
    command: temporal.binary,
    args: argumentsOf(state.dir, temporal),
    dir: state.dir,
    log: temporalLog,
    cwd: state.dir,
    env: { GOGC: process.env.GOGC ?? LAZY_COLLECTOR },
  });
  temporal.process = record;
  state.temporal = temporal;
  writeState(state);
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await isHealthy(temporal))) {
    const ended = await Promise.race([exited, delay(50)]);
    if (ended === undefined && Date.now() < deadline) continue;
    throw new StackError(
      ended === undefined ? 'Temporal does not get healthy within a minute.' : 'Temporal ended at once.',
      lastLines(readLog(temporalLog, logStart)),
      `Look into ${temporalLog}; "npm run stack -- reset" begins anew and drops the histories.`,
    );
  }
  const update = ['namespace', 'update', '--namespace', TEMPORAL_NAMESPACE, '--retention', RETENTION];
  const { code, output } = await ask(temporal.binary, temporal.port, update);
  if (code !== 0) throw new StackError('Temporal does not take the retention.', output, `Look into ${temporalLog}.`);
  return temporal;
}

export const stopTemporal = ({ process: record }: TemporalState): Promise<void> =>
  terminate(record === undefined ? [] : [record], [['SIGTERM', 10_000]]);
