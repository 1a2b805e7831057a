import type { Question } from './questions.ts';

/** What the readers' process is told at its start. */
export interface ReadingOrder {
  databaseUrl: string;
  readers: number;
  /** Mean pause between two pieces of work, ms; 0 never pauses. */
  pauseMs: number;
  questions: Question[];
  seed: number;
}

export type ToReaders = { tell: 'read'; order: ReadingOrder } | { tell: 'count from now' } | { tell: 'stop' };
export type FromReaders = { tell: 'reading' } | { tell: 'counting' } | { tell: 'done'; result: Reading };

/** A query that took long: when it ended (ms since 1970), so that it can be laid beside the swaps. */
export interface SlowQuery {
  endedAt: number;
  ms: number;
  kind: string;
}

/** How a piece of work is isolated, and so which anomalies PostgreSQL lets through. */
export const WAYS = ['single query', 'read committed', 'repeatable read, locked first', 'repeatable read'] as const;
export type Way = (typeof WAYS)[number];

export interface Mixture {
  at: number;
  way: Way;
  label: string | undefined;
  /** Question, the answer, and the labels of the releases that give it. */
  found: { kind: string; values: (string | number)[]; answer: string; fits: string[] }[];
}

/** What the readers saw since they were told to count. */
export interface Reading {
  seconds: number;
  queries: number;
  /** Pieces of work by way. */
  done: Record<Way, number>;
  errors: Record<string, number>;
  mixtures: Record<Way, number>;
  /** The first ones in full. */
  examples: Mixture[];
  /** Latency of every query, ms. */
  latencies: number[];
  slowest: SlowQuery[];
  /** Longest time in which the readers' own process did not run: part of what looks like a stall. */
  ownDelayMs: number;
}
