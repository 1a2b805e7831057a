/** `npm run portal -- seed`: fills the demo portal. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { STACK_DIR } from '../paths.ts';
import { reportError, StackError } from '../stack/errors.ts';
import { readState } from '../stack/state.ts';
import { explainConnection } from './connection.ts';
import { monthFile, writeDemoCsv } from './csv.ts';
import { lastSeeding, MAX_SITES, type SeedSummary, seed } from './seed.ts';

const DEFAULT_SITES = 5000;
const USAGE_ERROR = 2;

interface Flags {
  sites?: number;
  seed?: number;
  month?: number;
}

async function seedCommand(flags: Flags): Promise<void> {
  const url = portalUrl();
  // A later month is a month of the portal that is there.
  const last = flags.month === undefined ? undefined : await lastSeeding(url);
  const options = {
    sites: flags.sites ?? last?.sites ?? DEFAULT_SITES,
    seed: flags.seed ?? last?.seed ?? 1,
    month: flags.month ?? 0,
  };
  console.error(`Filling the demo portal: ${options.sites} sites, seed ${options.seed}, month ${options.month}`);
  const started = performance.now();
  const progress = (step: string) =>
    console.error(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${step}`);
  const summary = await seed({ url, ...options, progress });
  // Never another folder: files of a real release may be there.
  const dir = readState(STACK_DIR)?.env?.PP_CSV_DIR;
  if (dir) {
    progress(`CSV files in ${dir}`);
    await writeDemoCsv({ dir, date: monthFile(options.month), portalUrl: url });
  }
  show(summary);
}

function show({ seconds, ...counts }: SeedSummary): void {
  const names = { greenList: 'green list' } as Record<string, string>;
  for (const [name, count] of Object.entries(counts)) {
    console.log(`${(names[name] ?? name).padEnd(12)} ${count.toLocaleString('en').padStart(9)}`);
  }
  console.log(`${'seconds'.padEnd(12)} ${seconds.toFixed(1).padStart(9)}`);
}

function portalUrl(): string {
  const url = process.env.PP_PORTAL_DATABASE_URL || readState(STACK_DIR)?.env?.PP_PORTAL_DATABASE_URL;
  if (url) return url;
  throw new StackError(
    'There is no portal to fill: the stack is not up.',
    'PP_PORTAL_DATABASE_URL is not set, and no stack of this clone says where its portal is',
    'run npm run stack -- up',
  );
}

function whole(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
}

const program = new Command('portal')
  .description('The demo portal: the upstream database that a release reads.')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replaceAll(/\n(?=.)/g, ' ')) });
program
  .command('seed')
  .description('fill the portal; the same options give the same rows')
  .option(
    '--sites <n>',
    `sites that a release will carry (default: ${DEFAULT_SITES}, with --month the last seeding's)`,
    whole(1, MAX_SITES),
  )
  .option('--seed <n>', "draws another portal (default: 1, with --month the last seeding's)", whole(0, 2_147_483_647))
  .option('--month <n>', 'the portal as it stands this many months later (default: 0)', whole(0, 240))
  .option('--verbose', 'show stack traces')
  .action(seedCommand);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong; asking for help is no error.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
  } else {
    reportError(explainConnection(error));
    process.exitCode = 1;
  }
}
