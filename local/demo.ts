import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ROOT, STACK_DIR } from './paths.ts';
import { monthFile, writeDemoCsv } from './portal/csv.ts';
import { seed } from './portal/seed.ts';
import { reportError, StackError } from './stack/errors.ts';
import { type StackEnv, up } from './stack/index.ts';

const USAGE = `Usage: npm run demo [-- options]

Brings up the private stack, fills the demo portal, and takes one release from it to the live tables.

  --sites N    sites in the portal (default 5000)
  --label L    the release's label, such as Apr2026 (default: this month)
  --seed S     seed of the portal's generator (default 1)
  --month K    the portal as it stands K months later (default 0)
  --verbose    stack traces`;

const progress = (line: string) => console.error(`[demo] ${line}`);

/** The label of a monthly release, such as Apr2026. */
function labelOfThisMonth(): string {
  const now = new Date();
  return `${now.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })}${now.getUTCFullYear()}`;
}

/** Apr2026 as 2026-04-01; whatever else was asked for is refused by the release itself. */
function firstDayOf(label: string): string {
  const day = new Date(`1 ${label.slice(0, 3)} ${label.slice(3)} UTC`);
  return Number.isNaN(day.getTime()) ? monthFile() : day.toISOString().slice(0, 10);
}

/** Runs pp-release as an operator would; its standard output is answered if it is not shown. */
async function ppRelease(args: string[], env: StackEnv, show: boolean): Promise<{ code: number; stdout: string }> {
  const child = spawn(process.execPath, ['client/bin.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', show ? 'inherit' : 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? 1, stdout };
}

interface Status {
  state?: string;
  manifest_path?: string | null;
  workflow_id?: string | null;
}

function parseStatus(stdout: string): Status {
  try {
    return JSON.parse(stdout) as Status;
  } catch (error) {
    throw new Error(`"pp-release status --json" printed no JSON:\n${stdout}`, { cause: error });
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new StackError(
    `--${option} ${text} is not usable.`,
    `It must be a whole number from ${least} on.`,
    'See --help.',
  );
}

async function demo(options: { sites: number; seed: number; month: number; label: string }): Promise<number> {
  const started = Date.now();
  const { env } = await up({ dir: STACK_DIR, worker: true, progress });
  if (env === undefined) throw new Error('The stack is up without its addresses.');
  const { sites, month, label } = options;
  progress(`Filling the demo portal with ${sites} sites`);
  await seed({ url: env.PP_PORTAL_DATABASE_URL, sites, seed: options.seed, month, progress });
  await writeDemoCsv({ dir: env.PP_CSV_DIR, date: firstDayOf(label), portalUrl: env.PP_PORTAL_DATABASE_URL });

  progress(`Releasing it as ${label}`);
  const release = await ppRelease(['start', label, '--on-failure', 'fail', '--wait'], env, true);
  const { code, stdout } = await ppRelease(['status', '--json'], env, false);
  process.stdout.write(stdout);
  const status = code === 0 || stdout !== '' ? parseStatus(stdout) : {};
  const workflowId = encodeURIComponent(status.workflow_id ?? `portal-release-${label}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  const hasSucceeded = release.code === 0 && code === 0 && status.state === 'succeeded';
  console.log(
    [
      '',
      hasSucceeded
        ? `The release ${label} succeeded; the demo took ${seconds} s.`
        : `The release ${label} did not succeed: "start" ended with exit code ${release.code}, its state is ${status.state ?? 'unknown'} (reasons above, and in .local/log/worker.log).`,
      `Manifest:   ${status.manifest_path ?? 'none'}`,
      `Web UI:     ${env.PP_TEMPORAL_UI_URL}/namespaces/${env.TEMPORAL_NAMESPACE}/workflows/${workflowId}`,
      'Try it:     eval "$(npm run -s stack -- env)" && npx pp-release status',
      'Stop it:    npm run stack -- down',
    ].join('\n'),
  );
  return hasSucceeded ? 0 : release.code || 1;
}

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      sites: { type: 'string', default: '5000' },
      label: { type: 'string', default: labelOfThisMonth() },
      seed: { type: 'string', default: '1' },
      month: { type: 'string', default: '0' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  return demo({
    label: values.label,
    sites: wholeNumber('sites', values.sites, 1),
    seed: wholeNumber('seed', values.seed, 0),
    month: wholeNumber('month', values.month, 0),
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isBadUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (isBadUsage) console.error(`${error.message}\n\n${USAGE}`);
  else reportError(error);
  process.exitCode = isBadUsage ? 2 : 1;
}
