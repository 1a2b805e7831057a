import { type CheckId, checkOf, IDS } from '../doctor/checks/index.ts';
import { listed, renderList, renderOutcomes, verdictOf } from '../doctor/render.ts';
import { examine } from '../doctor/run.ts';
import { readPlace } from '../doctor/surroundings.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Output } from '../output.ts';

export interface DoctorOptions {
  pre?: boolean;
  release?: string;
  only?: CheckId[];
  list?: boolean;
  strict?: boolean;
  probe?: boolean;
  /** How long servers may take to answer, ms. */
  timeout?: number;
}

/** How long the process may outlive its report, ms: something that hangs must not keep it. */
const LINGER_MS = 500;

/**
 * Looks at everything that a release needs and tells what to mend. Exit code 1 with findings; 0 otherwise, with warnings too
 * unless they count (`--strict`).
 */
export async function doctor(options: DoctorOptions, output: Output): Promise<void> {
  const { pre = false, strict = false, probe = false, only, release, timeout } = options;
  if (options.list) {
    const groups = listed();
    output.result({ checks: IDS.length, groups }, renderList(groups));
    return;
  }
  if (pre && release !== undefined)
    throw new CommandError(EXIT.usage, '--pre is for a place where no release was yet; leave out --release');
  if (pre && only !== undefined) throw new CommandError(EXIT.usage, '--only says what is looked at; leave out --pre');
  const writing = only?.filter((id) => checkOf(id).probe) ?? [];
  if (writing.length > 0 && !probe) throw new CommandError(EXIT.usage, `${writing.join(', ')} writes: add --probe`);
  if (pre && probe) throw new CommandError(EXIT.usage, '--probe needs a migrated database; leave out --pre');
  const outcomes = await examine(readPlace(release), { only, pre, probe }, timeout);
  const outcome = verdictOf(outcomes, strict);
  output.result({ outcome, checks: outcomes }, renderOutcomes(outcomes, process.stdout.columns));
  if (outcome === 'findings') process.exitCode = EXIT.failed;
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
