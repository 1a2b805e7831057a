import { parseArgs } from 'node:util';

/** Asked for help, or asked for what is not there. */
export class BenchUsage extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Reads options of whole numbers and switches. A number's default may depend on a switch, so they are left undefined.
 *
 * @throws BenchUsage naming what is wrong, followed by the usage
 */
export function readFlags<N extends string, S extends string>(
  args: string[],
  usage: string,
  names: { numbers: readonly N[]; switches: readonly S[] },
): { numbers: Partial<Record<N, number>>; switches: Record<S, boolean> } {
  const options = Object.fromEntries([
    ...names.numbers.map((name) => [name, { type: 'string' as const }]),
    ...[...names.switches, 'help', 'verbose'].map((name) => [name, { type: 'boolean' as const, default: false }]),
  ]) as Record<string, { type: 'string' } | { type: 'boolean'; default: boolean }>;
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args, options }).values as typeof values;
  } catch (error) {
    throw new BenchUsage(`${(error as Error).message}\n\n${usage}`, 2);
  }
  if (values.help === true) throw new BenchUsage(usage, 0);
  const numbers: Partial<Record<N, number>> = {};
  for (const name of names.numbers) {
    const text = values[name];
    if (typeof text !== 'string') continue;
    if (!/^[1-9]\d*$/.test(text)) throw new BenchUsage(`--${name} ${text} is no whole number above 0\n\n${usage}`, 2);
    numbers[name] = Number(text);
  }
  const switches = Object.fromEntries(names.switches.map((name) => [name, values[name] === true])) as Record<
    S,
    boolean
  >;
  return { numbers, switches };
}
