/** The readers' process: apart from the benchmark, so that nothing but reading keeps its event loop. */
import { setMaxListeners } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type FromReaders, type Reading, type ReadingOrder, type ToReaders, WAYS } from './protocol.ts';
import { type Notes, Reader } from './reader.ts';

const SLOWEST = 40;
const EXAMPLES = 5;

const delays = monitorEventLoopDelay({ resolution: 5 });
const stopping = new AbortController();
// Each reader in a pause listens to it.
setMaxListeners(0, stopping.signal);
let countsFrom = performance.now();
let reading = nothingYet();
let running: Promise<unknown> = Promise.resolve();

function nothingYet(): Reading {
  const noneByWay = () => Object.fromEntries(WAYS.map((way) => [way, 0])) as Reading['done'];
  return {
    seconds: 0,
    queries: 0,
    done: noneByWay(),
    errors: {},
    mixtures: noneByWay(),
    examples: [],
    latencies: [],
    slowest: [],
    ownDelayMs: 0,
  };
}

const notes: Notes = {
  query: (kind, ms) => {
    reading.queries += 1;
    reading.latencies.push(Math.round(ms * 1000) / 1000);
    const least = reading.slowest.at(-1)?.ms ?? 0;
    if (reading.slowest.length === SLOWEST && ms <= least) return;
    reading.slowest.push({ endedAt: Date.now(), ms, kind });
    reading.slowest.sort((a, b) => b.ms - a.ms);
    reading.slowest.length = Math.min(reading.slowest.length, SLOWEST);
  },
  done: (way) => {
    reading.done[way] += 1;
  },
  error: (message) => {
    reading.errors[message] = (reading.errors[message] ?? 0) + 1;
  },
  mixture: (mixture) => {
    reading.mixtures[mixture.way] += 1;
    if (reading.examples.length < EXAMPLES) reading.examples.push(mixture);
  },
};

function answer(message: FromReaders, then: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, (error) => {
    if (error) throw error;
    then();
  });
}

function start(order: ReadingOrder): void {
  delays.enable();
  const readers = Array.from({ length: order.readers }, (_, number) => new Reader(number, order, notes));
  running = Promise.all(readers.map((reader) => reader.run(stopping.signal)));
  answer({ tell: 'reading' });
}

async function stop(): Promise<void> {
  const seconds = (performance.now() - countsFrom) / 1000;
  stopping.abort();
  await running;
  reading.seconds = seconds;
  reading.ownDelayMs = delays.max / 1e6;
  answer({ tell: 'done', result: reading }, () => process.disconnect());
}

process.on('message', (message: ToReaders) => {
  if (message.tell === 'read') start(message.order);
  else if (message.tell === 'stop') void stop();
  else {
    delays.reset();
    reading = nothingYet();
    countsFrom = performance.now();
    answer({ tell: 'counting' });
  }
});
// Whoever started us is gone: nobody is left to report to.
process.on('disconnect', () => process.exit());
