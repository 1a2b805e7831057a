/** `npm run bench -- NAME [options]`: measures on a private stack in .local/bench, and leaves no process behind. */
import { reportError } from '../local/stack/errors.ts';
import { BenchUsage } from './support/usage.ts';

interface Benchmark {
  about: string;
  /** @returns the exit code: 1 when a target of correctness is missed */
  run: (args: string[]) => Promise<number>;
}

/** Loaded when asked for only. To add a benchmark, add its line here. */
const BENCHMARKS: Record<string, Benchmark> = {
  swap: {
    about: 'swaps and rollbacks under readers: errors, mixtures of two releases, stalls, the exclusive window',
    run: async (args) => (await import('./swap/main.ts')).swapBench(args),
  },
  import: {
    about: 'the import beside a hand-written SQL script and the old row-by-row way: time by phase, scale, memory',
    run: async (args) => (await import('./import/main.ts')).importBench(args),
  },
};

const USAGE = `Usage: npm run bench -- NAME [options]

${Object.entries(BENCHMARKS)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

Each tells its options: npm run bench -- NAME --help`;

try {
  const [name, ...args] = process.argv.slice(2);
  const benchmark = name !== undefined && Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (benchmark === undefined) {
    console.error(USAGE);
    process.exitCode = name === undefined || name === '--help' ? 0 : 2;
  } else {
    process.exitCode = await benchmark.run(args);
  }
} catch (error) {
  if (error instanceof BenchUsage) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else {
    reportError(error);
    process.exitCode = 1;
  }
}
