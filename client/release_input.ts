import { importers } from '../catalog/index.ts';
import { parseReleaseInput, type ReleaseInput } from '../contracts/index.ts';
import type { Environment } from './config.ts';
import { CommandError, EXIT } from './errors.ts';
import { operator } from './operator.ts';

export interface StartFlags {
  mode?: string;
  onFailure?: string;
  reviewTimeout?: string;
  retryTimeout?: string;
  startAt?: string;
  stopAfter?: string;
  onlyPhases?: string;
  only?: string;
  skip?: string;
  sample?: string;
  softErrorLimit?: string;
  lightweight?: boolean;
  /** Commander sets it to false for --no-create-views. */
  createViews?: boolean;
  allowEmpty?: string;
  endBlockers?: boolean;
}

/**
 * A release's input from flags first, then the specification's environment names, then defaults.
 *
 * @throws CommandError with exit code 2 naming every fault
 */
export function releaseInput(label: string | undefined, flags: StartFlags, environment: Environment): ReleaseInput {
  const faults: string[] = [];
  const flag = (name: string) => booleanOf(name, environment[name], faults);
  const dryRun = flag('PP_RELEASE_DRY_RUN');
  const createViews = flag('PP_RELEASE_CREATE_STAGING_MATERIALIZED_VIEWS');
  const raw = withoutUndefined({
    label: label ?? environment.PP_RELEASE_LABEL,
    mode: flags.mode ?? (dryRun ? 'dry-run' : undefined),
    onFailure: flags.onFailure ?? environment.PP_RELEASE_ON_FAILURE,
    reviewTimeoutHours: hours('--review-timeout', flags.reviewTimeout, faults),
    retryTimeoutHours: hours('--retry-timeout', flags.retryTimeout, faults),
    startAt: flags.startAt ?? environment.PP_RELEASE_START_AT ?? environment.PP_RELEASE_SKIP_TO,
    stopAfter: flags.stopAfter ?? environment.PP_RELEASE_STOP_AFTER ?? environment.PP_RELEASE_SKIP_AFTER,
    onlyPhases: list(flags.onlyPhases ?? environment.PP_RELEASE_ONLY_PHASES),
    stagingLightweight: flags.lightweight ?? flag('PP_RELEASE_STAGING_LIGHTWEIGHT'),
    createStagingMaterializedViews: flags.createViews === false ? false : createViews,
    importOnly: list(flags.only ?? environment.PP_IMPORT_ONLY),
    importSkip: list(flags.skip ?? environment.PP_IMPORT_SKIP),
    importSample: number('PP_IMPORT_SAMPLE', flags.sample ?? environment.PP_IMPORT_SAMPLE, faults),
    softErrorLimit: percentage(
      '--soft-error-limit',
      flags.softErrorLimit ?? environment.PP_IMPORT_SOFT_ERROR_LIMIT,
      faults,
    ),
    allowEmpty: list(flags.allowEmpty),
    endBlockersFor: flags.endBlockers ? operator() : undefined,
  });
  const parsed = parseReleaseInput(raw);
  if (!parsed.ok) faults.push(...parsed.problems);
  faults.push(...unknownImporters(raw.importOnly, raw.importSkip));
  if (parsed.ok && faults.length === 0) return parsed.value;
  throw new CommandError(EXIT.usage, faults.join('; '), { faults });
}

function unknownImporters(...lists: unknown[]): string[] {
  const known = importers.map((importer) => importer.name);
  const unknown = lists
    .flatMap((names) => (Array.isArray(names) ? (names as string[]) : []))
    .filter((name) => !known.includes(name));
  return unknown.length > 0 ? [`unknown importers: ${unknown.join(', ')}; known are ${known.join(', ')}`] : [];
}

function list(text: string | undefined): string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

function number(name: string, text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0)
    faults.push(`${name} is ${JSON.stringify(text)}, not a whole number above 0`);
  return value;
}

function percentage(name: string, text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 100)) faults.push(`${name} is ${JSON.stringify(text)}, not a percentage from 0 to 100`);
  return value;
}

function hours(name: string, text: string | undefined, faults: string[]): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value > 0) return value;
  faults.push(`${name} is ${JSON.stringify(text)}, not a number of hours above 0`);
  return undefined;
}

/** The specification's switches: true or false, also as Rails people write them. */
function booleanOf(name: string, text: string | undefined, faults: string[]): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  faults.push(`${name} is ${JSON.stringify(text)}, not true or false`);
  return undefined;
}

function withoutUndefined<T extends Record<string, unknown>>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
