import { measureCpu } from '../support/cpu.ts';
import { highest } from '../support/stats.ts';
import { type Section, seconds } from '../support/table.ts';
import type { Exchange } from './exchange.ts';
import { whileReading } from './reading.ts';
import { correctness, cpuRow, describeExchange, firstWindows, latency, windows, workRow } from './report.ts';
import type { Bench } from './scenarios.ts';

const TARGET_SECONDS = 3;
/** Each is a whole process; between them the release is promoted again. */
const QUIET = 3;

interface WholeRollback {
  seconds: number;
  exchange: Exchange;
}

/** `pp-release rollback STAMP --wait` as a whole process: alone, and then under the readers. */
export async function fullSize(bench: Bench): Promise<{ sections: Section[]; facts: object }> {
  const { say, options } = bench;
  const quiet: WholeRollback[] = [];
  const promotions: Exchange[] = [];
  const promote = async () => {
    const again = await bench.exchanger.promote(bench.label);
    promotions.push(again);
    bench.stamp = again.stamp ?? '';
    say(`promoted again in ${again.seconds.toFixed(1)} s, window ${again.lockWindowMs} ms`);
  };
  for (let turn = 0; turn < QUIET; turn++) {
    quiet.push(await rollback(bench));
    await promote();
  }
  const [[under, cpu], reading] = await whileReading(bench.order, () =>
    measureCpu(
      () => bench.stack.pids(),
      () => rollback(bench),
    ),
  );
  const whole = quiet.map((one) => one.seconds);
  const sections: Section[] = [
    {
      title: `pp-release rollback STAMP --wait of ${options.sites} sites, as a whole process`,
      rows: [
        {
          what: 'nobody reads: whole process',
          value: whole.map(seconds).join(', '),
          target: `${TARGET_SECONDS} s`,
          met: highest(whole) <= TARGET_SECONDS,
        },
        { what: '  the fastest, ms from its start', value: breakdown(quiet) },
        {
          what: '  from its start to COMMIT',
          value: quiet.map(({ exchange }) => seconds(exchange.seconds)).join(', '),
        },
        ...windows(quiet.map(({ exchange }) => exchange)),
        {
          what: `under ${options.readers} readers: whole process`,
          value: seconds(under.seconds),
          target: `${TARGET_SECONDS} s`,
          met: under.seconds <= TARGET_SECONDS,
        },
        describeExchange(under.exchange),
        cpuRow('CPU meanwhile', cpu),
        workRow(reading, 'meanwhile'),
        ...correctness(reading),
        ...latency(reading, 'meanwhile'),
      ],
    },
    {
      title: 'Promoting it again (start LABEL --start-at finalise_swap)',
      rows: [...windows(promotions), firstWindows(bench.firstWindowsMs)],
    },
  ];
  const { latencies, ...brief } = reading;
  return { sections, facts: { quiet, promotions, under, cpu, reading: { ...brief, longestMs: highest(latencies) } } };
}

/** Where the time of the whole process goes: before the workflow's first activity, in each of them, and after them. */
function breakdown(rollbacks: readonly WholeRollback[]): string {
  const fastest = [...rollbacks].sort((a, b) => a.seconds - b.seconds)[0];
  if (!fastest) return '';
  const { askedAt, activities } = fastest.exchange;
  const steps = activities.map(({ name, startedAt, ms: took }) => {
    const end = Number.isNaN(took) ? '' : ` for ${Math.round(took)}`;
    return `${name} from ${Math.round(startedAt - askedAt)}${end}`;
  });
  return `${steps.join(', ')}, the process ended at ${Math.round(fastest.seconds * 1000)} ms`;
}

async function rollback({ stack, exchanger, stamp, say }: Bench): Promise<WholeRollback> {
  let took = 0;
  const exchange = await exchanger.observed('rollback', `portal-rollback-${stamp}`, async () => {
    const run = await stack.ppRelease(['rollback', stamp, '--wait']);
    if (run.code !== 0) throw new Error(`pp-release rollback ${stamp} ended with ${run.code}:\n${run.output}`);
    took = run.seconds;
  });
  say(`rolled back in ${took.toFixed(2)} s, window ${exchange.lockWindowMs} ms`);
  return { seconds: took, exchange };
}
