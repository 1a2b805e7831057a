import type { CpuUse } from '../support/cpu.ts';
import { highest, median, percentile } from '../support/stats.ts';
import { ms, type Row, type Section, seconds } from '../support/table.ts';
import type { Exchange } from './exchange.ts';
import { type Reading, WAYS } from './protocol.ts';
import type { Bench, Measured, NeverPausing, SittingReader } from './scenarios.ts';

const WINDOW_MS = 50;
const STALL_MS = 250;
const CPU_PERCENT = 70;
const SHOWN_STALLS = 5;

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const list = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
const longest = ({ latencies }: Reading): number => highest(latencies);

export function swapsSection(swaps: Measured, quiet: Measured, { options, firstWindowsMs }: Bench): Section {
  const { reading, exchanges } = swaps;
  const above = longest(reading) - longest(quiet.reading);
  return {
    title: `${exchanges.length} swaps and rollbacks by the real workflows, readers with pauses of ${options.pauseMs} ms on average, ${seconds(reading.seconds)}; beside it the same readers without swaps, ${seconds(quiet.reading.seconds)}`,
    rows: [
      ...correctness(reading),
      workRow(reading, 'with swaps'),
      workRow(quiet.reading, 'without swaps'),
      ...(total(quiet.reading.errors) > 0 ? [{ what: 'errors without swaps', value: list(quiet.reading.errors) }] : []),
      ...latency(reading, 'with swaps'),
      ...latency(quiet.reading, 'without swaps'),
      timed('longest stall above that without swaps', ms(above), `under ${STALL_MS} ms`, above < STALL_MS),
      ...windows(exchanges),
      firstWindows(firstWindowsMs),
      cpuRow('CPU with swaps', swaps.cpu, CPU_PERCENT),
      cpuRow('CPU without swaps', quiet.cpu, CPU_PERCENT),
      ...stalls(swaps),
    ],
  };
}

export function sittingSection(measured: SittingReader): Section {
  const { satSeconds, afterItsEndMs, exchanges, reading } = measured;
  const waited = afterItsEndMs >= 0 && exchanges.length === 1;
  return {
    title: `One more reader sits in a transaction for ${satSeconds} s`,
    rows: [
      timed('the change completes by itself', waited ? 'yes' : 'it did not wait', 'after the reader', waited),
      { what: 'after the end of that reader', value: ms(afterItsEndMs) },
      ...exchanges.map(describeExchange),
      ...correctness(reading),
      workRow(reading, 'the others'),
      ...latency(reading, 'of the others'),
      cpuRow('CPU', measured.cpu),
    ],
  };
}

export function neverPausingSection(measured: NeverPausing, readers: number): Section {
  const { refusal, exchanges, reading, budgetSeconds } = measured;
  return {
    title: `${readers} readers that never pause, lock budget ${budgetSeconds} s`,
    rows: [
      { what: 'outcome', value: refusal === undefined ? 'it got in' : `refused after ${seconds(measured.seconds)}` },
      ...(refusal === undefined ? exchanges.map(describeExchange) : [{ what: 'refusal', value: refusal }]),
      ...correctness(reading),
      workRow(reading, 'meanwhile'),
      ...latency(reading, 'meanwhile'),
      cpuRow('CPU', measured.cpu),
      ...stalls(measured),
    ],
  };
}

export function correctness(reading: Reading): Row[] {
  const errors = total(reading.errors);
  return [
    { what: 'reader errors', value: String(errors), target: '0', met: errors === 0, correctness: true },
    ...Object.entries(reading.errors).map(([message, count]) => ({ what: `  ${count} times`, value: message })),
    ...WAYS.map((way) => ({
      what: `mixtures of two releases, ${way}`,
      value: `${reading.mixtures[way]} of ${reading.done[way]}`,
      target: '0',
      met: reading.mixtures[way] === 0,
      correctness: true,
    })),
    ...reading.examples.slice(0, 3).map((example) => ({ what: '  such as', value: JSON.stringify(example) })),
  ];
}

export const workRow = (reading: Reading, when: string): Row => ({
  what: `queries ${when}`,
  value: `${reading.queries} (${Math.round(reading.queries / reading.seconds)} a second)`,
});

export function latency(reading: Reading, when: string): Row[] {
  const { latencies, ownDelayMs } = reading;
  const shares = [0.5, 0.99, 0.999].map((p) => ms(percentile(latencies, p)));
  return [
    {
      what: `latency ${when}`,
      value: `median ${shares[0]}, p99 ${shares[1]}, p99.9 ${shares[2]}, max ${ms(longest(reading))}`,
    },
    { what: `  the readers' own process stood still`, value: `at most ${ms(ownDelayMs)}` },
  ];
}

export function windows(exchanges: readonly Exchange[]): Row[] {
  const held = exchanges.map(({ lockWindowMs }) => lockWindowMs);
  const spread = (values: number[], show: (value: number) => string) =>
    `median ${show(median(values))}, max ${show(highest(values))}`;
  return [
    timed('exclusive window', spread(held, ms), `median under ${WINDOW_MS} ms`, median(held) < WINDOW_MS),
    ...(['swap', 'rollback'] as const).flatMap((what) => {
      const own = exchanges.filter((exchange) => exchange.what === what);
      if (own.length === 0) return [];
      const value = (of: (exchange: Exchange) => number, show: (value: number) => string) => spread(own.map(of), show);
      return [
        { what: `${what}: window`, value: value(({ lockWindowMs }) => lockWindowMs, ms) },
        { what: `${what}: from the command to COMMIT`, value: value((exchange) => exchange.seconds, seconds) },
        { what: `${what}: from all prepared to COMMIT`, value: value(({ changeMs }) => changeMs, ms) },
        {
          what: `${what}: tries`,
          value: `${value(({ tries }) => tries, String)}; rounds without a gap ${own.reduce((sum, { blockedRounds }) => sum + blockedRounds, 0)}`,
        },
      ];
    }),
  ];
}

export const firstWindows = (held: readonly number[]): Row => ({
  what: "windows of the two releases' own swaps",
  value: `${held.map(ms).join(', ')} (without readers; they check live's lookups too)`,
});

export const describeExchange = (exchange: Exchange): Row => ({
  what: exchange.what,
  value: `window ${ms(exchange.lockWindowMs)}, ${seconds(exchange.seconds)} from the command to COMMIT, tries ${exchange.tries}, rounds without a gap ${exchange.blockedRounds}`,
});

/** The longest queries, laid beside the nearest COMMIT: what the swap caused and what was there anyway. */
function stalls({ reading, exchanges }: Measured): Row[] {
  return reading.slowest.slice(0, SHOWN_STALLS).map(({ endedAt, ms: took, kind }) => {
    const nearest = exchanges
      .map(({ what, committedAt }) => ({ what, off: endedAt - committedAt }))
      .sort((a, b) => Math.abs(a.off) - Math.abs(b.off))[0];
    const where = nearest
      ? `, ended ${ms(Math.abs(nearest.off))} ${nearest.off < 0 ? 'before' : 'after'} a ${nearest.what}'s COMMIT was told`
      : '';
    return { what: '  a long query', value: `${ms(took)} ${kind}${where}` };
  });
}

const timed = (what: string, value: string, target: string, met: boolean): Row => ({ what, value, target, met });

/** The limit is for what the benchmark does; what others do on the machine meanwhile only disturbs the times. */
export function cpuRow(what: string, use: CpuUse | undefined, limit?: number): Row {
  if (!use) return { what, value: 'not known on this system' };
  const own = `${use.own.toFixed(0)} % by the bench and its stack`;
  const value = `${own}, ${use.machine.toFixed(0)} % with all else on the machine`;
  return limit === undefined ? { what, value } : timed(what, value, `own under ${limit} %`, use.own < limit);
}
