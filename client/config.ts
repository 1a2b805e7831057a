import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandError, EXIT } from './errors.ts';
import type { Kind } from './kinds.ts';

/** Written by `npm run stack`: the addresses of the private stack of this clone. */
const STACK_FILE = fileURLToPath(new URL('../.local/stack.json', import.meta.url));

const STACK_VARIABLES = [
  'PP_DATABASE_URL',
  'PP_PORTAL_DATABASE_URL',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'PP_TEMPORAL_UI_URL',
];

export type Environment = Record<string, string | undefined>;

const isBlank = (value: string | undefined): value is string => value !== undefined && value.trim() === '';

/**
 * The process's environment; where it names no addresses, those of this clone's private stack, if there is one. What is empty
 * counts as unset; `setting` says so where that decides something.
 */
export function readEnvironment(environment: Environment = process.env): Environment {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && !isBlank(value)),
  );
  if (given.PP_DATABASE_URL || given.TEMPORAL_ADDRESS) return given;
  const stack = readStackFile();
  const addresses = STACK_VARIABLES.flatMap((name) => (stack[name] ? [[name, stack[name]]] : []));
  return { ...Object.fromEntries(addresses), ...given };
}

const said = new Set<string>();

/** The value of a variable that decides something here; one that is empty is told of on standard error. */
export function setting(environment: Environment, name: string): string | undefined {
  if (isBlank(process.env[name]) && !said.has(name)) {
    said.add(name);
    process.stderr.write(`${name} is empty and counts as unset\n`);
  }
  return environment[name];
}

/** The same, read by its kind; what is wrong with it goes to `faults`. */
export async function readSetting<T>(
  environment: Environment,
  name: string,
  kind: Kind<T>,
  faults: string[],
): Promise<T | undefined> {
  const text = setting(environment, name);
  if (text === undefined) return undefined;
  const read = await kind(text);
  if ('value' in read) return read.value;
  faults.push(`${name} ${read.fault}`);
  return undefined;
}

function readStackFile(): Environment {
  try {
    const state = JSON.parse(readFileSync(STACK_FILE, 'utf8')) as { env?: Environment };
    return state.env ?? {};
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CommandError(
      EXIT.failed,
      `${STACK_FILE} cannot be read: ${(error as Error).message}; run npm run stack -- up`,
    );
  }
}

export interface TemporalAddress {
  address: string;
  namespace: string;
  /** Base address of the Web UI, if known. */
  uiUrl: string | undefined;
}

export function temporalAddress(environment: Environment): TemporalAddress {
  return {
    address: setting(environment, 'TEMPORAL_ADDRESS') ?? 'localhost:7233',
    namespace: setting(environment, 'TEMPORAL_NAMESPACE') ?? 'default',
    uiUrl: environment.PP_TEMPORAL_UI_URL,
  };
}

/** @throws CommandError when no database is named */
export function databaseUrl(environment: Environment): string {
  const url = setting(environment, 'PP_DATABASE_URL');
  if (url && URL.canParse(url)) return url;
  const what = url
    ? 'PP_DATABASE_URL is no address such as postgres://user:password@host:5432/database'
    : 'PP_DATABASE_URL is not set and this clone has no stack';
  throw new CommandError(EXIT.failed, `${what}; run npm run stack -- up, or set PP_DATABASE_URL`);
}
