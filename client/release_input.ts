import { type Mode, type OnFailure, type Phase, parseReleaseInput, type ReleaseInput } from '../contracts/index.ts';
import { type Environment, readSetting, setting } from './config.ts';
import { CommandError, EXIT } from './errors.ts';
import * as kinds from './kinds.ts';
import { operator } from './operator.ts';

/** As flags.ts has read them. */
export interface StartFlags {
  mode?: Mode;
  onFailure?: OnFailure;
  reviewTimeout?: number;
  retryTimeout?: number;
  startAt?: Phase;
  stopAfter?: Phase;
  onlyPhases?: Phase[];
  only?: string[];
  skip?: string[];
  sample?: number;
  softErrorLimit?: number;
  lightweight?: boolean;
  /** Commander sets it to false for --no-create-views. */
  createViews?: boolean;
  allowEmpty?: string[];
  acceptShape?: boolean;
  endBlockers?: boolean;
}

/**
 * A release's input from flags first, then the specification's environment names, then defaults.
 *
 * @throws CommandError with exit code 2 naming every fault
 */
export async function releaseInput(
  label: string | undefined,
  flags: StartFlags,
  environment: Environment,
): Promise<ReleaseInput> {
  const faults: string[] = [];
  const from = <T>(name: string, kind: kinds.Kind<T>) => readSetting(environment, name, kind, faults);
  const dryRun = flags.mode === undefined && (await from('PP_RELEASE_DRY_RUN', kinds.onOrOff));
  const raw = withoutUndefined({
    label: label ?? setting(environment, 'PP_RELEASE_LABEL'),
    mode: flags.mode ?? (dryRun ? 'dry-run' : undefined),
    onFailure: flags.onFailure ?? (await from('PP_RELEASE_ON_FAILURE', kinds.onFailure)),
    reviewTimeoutHours: flags.reviewTimeout,
    retryTimeoutHours: flags.retryTimeout,
    startAt:
      flags.startAt ??
      (await from('PP_RELEASE_START_AT', kinds.phase)) ??
      (await from('PP_RELEASE_SKIP_TO', kinds.phase)),
    stopAfter:
      flags.stopAfter ??
      (await from('PP_RELEASE_STOP_AFTER', kinds.phase)) ??
      (await from('PP_RELEASE_SKIP_AFTER', kinds.phase)),
    onlyPhases: flags.onlyPhases ?? (await from('PP_RELEASE_ONLY_PHASES', kinds.phases)),
    stagingLightweight: flags.lightweight ?? (await from('PP_RELEASE_STAGING_LIGHTWEIGHT', kinds.onOrOff)),
    createStagingMaterializedViews:
      flags.createViews === false ? false : await from('PP_RELEASE_CREATE_STAGING_MATERIALIZED_VIEWS', kinds.onOrOff),
    importOnly: flags.only ?? (await from('PP_IMPORT_ONLY', kinds.importers)),
    importSkip: flags.skip ?? (await from('PP_IMPORT_SKIP', kinds.importers)),
    importSample: flags.sample ?? (await from('PP_IMPORT_SAMPLE', kinds.sample)),
    softErrorLimit: flags.softErrorLimit ?? (await from('PP_IMPORT_SOFT_ERROR_LIMIT', kinds.percentage)),
    allowEmpty: flags.allowEmpty,
    acceptShape: flags.acceptShape,
    endBlockersFor: flags.endBlockers ? operator() : undefined,
  });
  const parsed = parseReleaseInput(raw);
  if (!parsed.ok) faults.unshift(...parsed.problems);
  if (parsed.ok && faults.length === 0) return parsed.value;
  throw new CommandError(EXIT.usage, faults.join('; '), { faults });
}

function withoutUndefined<T extends Record<string, unknown>>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
