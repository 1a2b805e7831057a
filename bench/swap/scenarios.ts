import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type CpuUse, measureCpu } from '../support/cpu.ts';
import type { BenchStack } from '../support/stack.ts';
import type { Exchange, Exchanger } from './exchange.ts';
import type { SwapOptions } from './options.ts';
import type { Reading, ReadingOrder } from './protocol.ts';
import { whileReading } from './reading.ts';

export interface Bench {
  stack: BenchStack;
  options: SwapOptions;
  exchanger: Exchanger;
  /** The release that is promoted again, and the newest backup. */
  label: string;
  stamp: string;
  firstWindowsMs: number[];
  order: ReadingOrder;
  say(line: string): void;
}

export interface Measured {
  reading: Reading;
  cpu: CpuUse | undefined;
  exchanges: Exchange[];
}

/** Between two exchanges, so that the quiet time between releases is in the measurement too, ms. */
const REST_MS = 500;

async function measure(bench: Bench, order: ReadingOrder, work: () => Promise<Exchange[]>): Promise<Measured> {
  const [[exchanges, cpu], reading] = await whileReading(order, () => measureCpu(() => bench.stack.pids(), work));
  return { reading, cpu, exchanges };
}

/** Swaps and rollbacks, one after the other, while all readers read. */
export function swapsUnderReaders(bench: Bench): Promise<Measured> {
  return measure(bench, bench.order, async () => {
    const exchanges: Exchange[] = [];
    for (let turn = 1; turn <= bench.options.cycles; turn++) {
      exchanges.push(await nextExchange(bench));
      const { what, lockWindowMs, seconds } = exchanges.at(-1) as Exchange;
      bench.say(`${turn} of ${bench.options.cycles}: ${what} after ${seconds.toFixed(1)} s, window ${lockWindowMs} ms`);
      await delay(REST_MS);
    }
    return exchanges;
  });
}

/** The other of the two releases becomes live. */
export async function nextExchange(bench: Bench): Promise<Exchange> {
  if (bench.stamp !== '') {
    const { stamp } = bench;
    bench.stamp = '';
    return bench.exchanger.rollback(stamp);
  }
  const exchange = await bench.exchanger.promote(bench.label);
  bench.stamp = exchange.stamp ?? '';
  return exchange;
}

/** The same readers for the same time, with nothing else. */
export function baseline(bench: Bench, seconds: number): Promise<Measured> {
  return measure(bench, { ...bench.order, seed: bench.order.seed + 1 }, async () => {
    await delay(seconds * 1000);
    return [];
  });
}

export interface SittingReader extends Measured {
  satSeconds: number;
  /** From the reader's end to COMMIT of the exchange, ms. */
  afterItsEndMs: number;
}

/** One session sits in a transaction that has read: the exchange waits for it and completes by itself. */
export async function withSittingReader(bench: Bench): Promise<SittingReader> {
  const { sitsSeconds } = bench.options;
  let endedAt = 0;
  const measured = await measure(bench, { ...bench.order, seed: bench.order.seed + 2 }, async () => {
    const sitter = new pg.Client({
      connectionString: bench.order.databaseUrl,
      application_name: 'bench sitting reader',
    });
    await sitter.connect();
    try {
      await sitter.query('begin');
      await sitter.query('select count(*) from protected_areas');
      const [exchange] = await Promise.all([
        nextExchange(bench),
        delay(sitsSeconds * 1000).then(async () => {
          await sitter.query('commit');
          endedAt = Date.now();
        }),
      ]);
      return [exchange];
    } finally {
      await sitter.end();
    }
  });
  const committedAt = measured.exchanges[0]?.committedAt ?? Number.NaN;
  return { ...measured, satSeconds: sitsSeconds, afterItsEndMs: committedAt - endedAt };
}

export interface NeverPausing extends Measured {
  budgetSeconds: number;
  /** Why it was refused, with the blockers by name; undefined when it got in. */
  refusal: string | undefined;
  /** What was live before is live still, or the other release is. */
  seconds: number;
}

/** Readers back to back on all tables: the rollback gets in or is refused by name, and harms nobody. */
export async function againstNoPause(bench: Bench): Promise<NeverPausing> {
  const { budgetSeconds } = bench.options;
  await bench.stack.restartWorker({ PP_LOCK_TIMEOUT_MS: String(budgetSeconds * 1000) });
  let refusal: string | undefined;
  let seconds = 0;
  const order = { ...bench.order, pauseMs: 0, seed: bench.order.seed + 3 };
  // A rollback is asked for: if it is refused, it has ended, while a refused release would wait for its operator.
  if (bench.stamp === '') await nextExchange(bench);
  const measured = await measure(bench, order, async () => {
    const started = performance.now();
    const { stamp } = bench;
    try {
      return [await nextExchange(bench)];
    } catch (error) {
      bench.stamp = stamp;
      refusal = error instanceof Error ? innermost(error).message : String(error);
      return [];
    } finally {
      seconds = (performance.now() - started) / 1000;
    }
  });
  return { ...measured, budgetSeconds, refusal, seconds };
}

/** Temporal puts its own frames around a workflow's failure. */
function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}
