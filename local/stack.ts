import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { STACK_DIR } from './paths.ts';
import { reportError, StackError } from './stack/errors.ts';
import { down, type ProcessStatus, reset, status, up } from './stack/index.ts';
import { printedEnvironment } from './stack/postgres/environment.ts';
import { readState } from './stack/state.ts';

const USAGE = `Usage: npm run stack -- COMMAND [options]

  up       bring up Temporal, PostgreSQL with both databases, and a worker
             --no-worker  leave the worker out
  down     stop all of it; the data stays
  status   which processes run, with pid and port; exit 1 if one is dead
  env      print the addresses as export lines:  eval "$(npm run -s stack -- env)"
  reset    stop all of it and drop the data

Options: --json (status, env)  --dir FOLDER (default .local)  --verbose (stack traces)`;

const progress = (line: string) => console.error(`[stack] ${line}`);

function describe({ name, state, pid, port }: ProcessStatus): string {
  const details = [pid === undefined ? '' : `pid ${pid}`, port === undefined ? '' : `port ${port}`];
  return `${name.padEnd(9)} ${state.padEnd(9)} ${details.filter((text) => text !== '').join(', ')}`.trimEnd();
}

function printStatus(dir: string, asJson: boolean): number {
  const processes = status({ dir });
  if (asJson) console.log(JSON.stringify({ dir, processes, webUi: readState(dir)?.env?.PP_TEMPORAL_UI_URL }, null, 2));
  else for (const one of processes) console.log(describe(one));
  return processes.some(({ state }) => state === 'dead') ? 1 : 0;
}

function printEnv(dir: string, asJson: boolean): number {
  const state = readState(dir);
  if (state?.env === undefined || !status({ dir }).some(({ state }) => state === 'running')) {
    throw new StackError('The stack is not up.', `Nothing runs in ${dir}.`, 'Run "npm run stack -- up" first.');
  }
  const env = printedEnvironment({ ...state, dir: realpathSync(dir) });
  if (asJson) console.log(JSON.stringify(env, null, 2));
  else for (const [name, value] of Object.entries(env)) console.log(`export ${name}='${value}'`);
  return 0;
}

/** A shell that still has the addresses of before would send the next command to a server that is gone. */
function sayIfStale(dir: string): void {
  const env = readState(dir)?.env;
  const { PP_DATABASE_URL: exported, TEMPORAL_ADDRESS: temporal } = process.env;
  if (!env || (exported ?? env.PP_DATABASE_URL) === env.PP_DATABASE_URL) {
    if (!env || (temporal ?? env.TEMPORAL_ADDRESS) === env.TEMPORAL_ADDRESS) return;
  }
  progress('This shell has other addresses than the stack now: eval "$(npm run -s stack -- env)" puts these into it');
}

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      'no-worker': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      dir: { type: 'string', default: STACK_DIR },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { dir, json } = values;
  const [command, ...rest] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  switch (rest.length === 0 ? command : undefined) {
    case 'up':
      await up({ dir, worker: !values['no-worker'], progress });
      sayIfStale(dir);
      return printStatus(dir, json);
    case 'down':
      await down({ dir, progress });
      progress('Stopped; the data stays in its place');
      return 0;
    case 'reset':
      await reset({ dir, progress });
      progress('Stopped; the data is gone');
      return 0;
    case 'status':
      return printStatus(dir, json);
    case 'env':
      return printEnv(dir, json);
    default:
      console.error(USAGE);
      return 2;
  }
}

const isBadUsage = (error: unknown): error is Error =>
  error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (isBadUsage(error)) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  } else {
    reportError(error);
    process.exitCode = 1;
  }
}
