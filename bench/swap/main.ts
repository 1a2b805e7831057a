import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { withTemporal } from '../../client/temporal.ts';
import { ROOT } from '../../local/paths.ts';
import { cores } from '../support/cpu.ts';
import { withSession } from '../support/session.ts';
import { BENCH_DIR, withBenchStack } from '../support/stack.ts';
import { formatSections, isCorrect, type Section } from '../support/table.ts';
import { fullSize } from './full.ts';
import { readOptions, type SwapOptions } from './options.ts';
import type { Reading } from './protocol.ts';
import { neverPausingSection, sittingSection, swapsSection } from './report.ts';
import { againstNoPause, type Bench, baseline, swapsUnderReaders, withSittingReader } from './scenarios.ts';
import { learnBoth, makeTwoReleases } from './setup.ts';

/** @returns exit code 1 when readers saw an error or a mixture of two releases */
export async function swapBench(args: string[]): Promise<number> {
  const options = readOptions(args);
  const started = performance.now();
  const say = (line: string) =>
    console.error(`[bench ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  const { sections, facts } = await withBenchStack(say, (stack) =>
    withSession(stack.env.PP_DATABASE_URL, (session) =>
      withTemporal(addressOf(stack.env), async (temporal) => {
        const releases = await makeTwoReleases(stack, session, temporal, options.sites, say);
        const { questions, stamp } = await learnBoth(session, releases, say);
        const order = { databaseUrl: stack.env.PP_DATABASE_URL, questions, seed: 1, ...options };
        const bench: Bench = { ...releases, stack, options, stamp, order, say };
        return options.full ? fullSize(bench) : everyScenario(bench);
      }),
    ),
  );
  const file = save(options, sections, facts);
  console.log(`\n${formatSections(sections)}\n`);
  console.log(
    `${options.sites} sites, ${options.readers} readers, ${cores} cores; all figures in ${relative(ROOT, file)}`,
  );
  return isCorrect(sections) ? 0 : 1;
}

async function everyScenario(bench: Bench): Promise<{ sections: Section[]; facts: object }> {
  const { say, options } = bench;
  say(`${options.cycles} swaps and rollbacks under ${options.readers} readers`);
  const swaps = await swapsUnderReaders(bench);
  say(`the same readers without swaps for ${swaps.reading.seconds.toFixed(0)} s`);
  const quiet = await baseline(bench, swaps.reading.seconds);
  say(`one reader sits in a transaction for ${options.sitsSeconds} s`);
  const sitting = await withSittingReader(bench);
  say('readers that never pause');
  const noPause = await againstNoPause(bench);
  const facts = {
    swaps: { ...swaps, reading: brief(swaps.reading) },
    baseline: { ...quiet, reading: brief(quiet.reading) },
    sitting: { ...sitting, reading: brief(sitting.reading) },
    neverPausing: { ...noPause, reading: brief(noPause.reading) },
  };
  const sections = [
    swapsSection(swaps, quiet, bench),
    sittingSection(sitting),
    neverPausingSection(noPause, options.readers),
  ];
  return { sections, facts };
}

/** Without the latency of every query. */
function brief({ latencies, ...reading }: Reading): object {
  return { ...reading, longestMs: latencies.reduce((most, value) => Math.max(most, value), 0) };
}

function save(options: SwapOptions, sections: Section[], facts: object): string {
  mkdirSync(BENCH_DIR, { recursive: true });
  const file = join(BENCH_DIR, options.full ? 'swap-full.json' : 'swap.json');
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), cores, options, sections, facts }, null, 2)}\n`,
  );
  return file;
}

const addressOf = (env: { TEMPORAL_ADDRESS: string; TEMPORAL_NAMESPACE: string }) => ({
  address: env.TEMPORAL_ADDRESS,
  namespace: env.TEMPORAL_NAMESPACE,
  uiUrl: undefined,
});
