import { type Argument, type Command, Option } from 'commander';
import { CommandError, EXIT } from './errors.ts';
import { type Kind, label, stamp } from './kinds.ts';

const KINDS = new WeakMap<Option, Kind>();
const ARGUMENTS: Readonly<Record<string, Kind>> = { LABEL: label, STAMP: stamp };

/** A flag with a value, and how that is read: there is none without. */
export function flag(flags: string, description: string, kind: Kind): Option {
  const option = new Option(flags, description);
  KINDS.set(option, kind);
  return option;
}

/**
 * Reads every flag and argument of a command by its kind, and puts the flags' values in the place of their texts. One place for
 * all, so that no command takes an empty flag (a variable that a script has not set) for one that was left out.
 *
 * @throws CommandError with exit code 2 naming every fault
 */
export async function readFlags(command: Command): Promise<void> {
  const faults: string[] = [];
  const read = async (name: string, kind: Kind, given: string): Promise<unknown> => {
    const answer = await kind(given);
    if ('value' in answer) return answer.value;
    faults.push([name, answer.fault].filter(Boolean).join(' '));
    return undefined;
  };
  for (const [at, argument] of command.registeredArguments.entries()) {
    const given = command.args[at];
    if (given !== undefined) await read('', kindOfArgument(argument), given);
  }
  for (const option of command.options.filter(({ required }) => required)) {
    const name = option.attributeName();
    const given: unknown = command.getOptionValue(name);
    if (typeof given !== 'string') continue;
    command.setOptionValue(name, await read(option.long ?? option.flags, kindOfOption(option), given));
  }
  if (faults.length > 0) throw new CommandError(EXIT.usage, faults.join('; '), { faults });
}

export function kindOfOption(option: Option): Kind {
  const kind = KINDS.get(option);
  if (!kind) throw new Error(`${option.flags} has no kind: declare it with flag()`);
  return kind;
}

function kindOfArgument(argument: Argument): Kind {
  const kind = ARGUMENTS[argument.name()];
  if (!kind) throw new Error(`argument ${argument.name()} has no kind`);
  return kind;
}
