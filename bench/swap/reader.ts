import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { randomOf } from '../support/stats.ts';
import type { Mixture, ReadingOrder, Way } from './protocol.ts';
import { answerOf, LABEL_SQL, type Question } from './questions.ts';

/** What a reader reports as it goes. */
export interface Notes {
  query(kind: string, ms: number): void;
  done(way: Way): void;
  error(message: string): void;
  mixture(mixture: Mixture): void;
}

interface Answer {
  question: Question;
  answer: string;
}

/** Shares of the ways in which readers read; the rest are single queries. */
const READ_COMMITTED = 0.3;
const LOCKED_FIRST = 0.08;
const REPEATABLE_READ = 0.12;
/** Longest time that a transaction thinks between two of its statements, ms. */
const THINKS_MS = 6;

/** Reads until it is stopped, one connection, one thing after the other. */
export class Reader {
  readonly #order: ReadingOrder;
  readonly #random: () => number;
  /** Half of the readers keep prepared statements, whose plans must survive the swap. */
  readonly #prepares: boolean;
  readonly #number: number;
  readonly #notes: Notes;
  readonly #kinds: Question[][];
  #client: pg.Client | undefined;

  constructor(number: number, order: ReadingOrder, notes: Notes) {
    this.#number = number;
    this.#order = order;
    this.#random = randomOf(order.seed * 1000 + number);
    this.#prepares = number % 2 === 1;
    this.#notes = notes;
    const names = [...new Set(order.questions.map(({ kind }) => kind))];
    this.#kinds = names.map((name) => order.questions.filter(({ kind }) => kind === name));
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#work(this.#client ?? (await this.#connect()));
      } catch (error) {
        this.#notes.error(error instanceof Error ? error.message : String(error));
        await this.#disconnect();
      }
      if (this.#order.pauseMs > 0) await this.#pause(signal);
    }
    await this.#disconnect();
  }

  /** As visitors come: mostly soon after each other, now and then after a while. */
  async #pause(signal: AbortSignal): Promise<void> {
    const ms = Math.min(-Math.log(1 - this.#random()), 6) * this.#order.pauseMs;
    // The only error is the abort at the end of the reading; the caller's loop looks at the signal next.
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }

  async #work(client: pg.Client): Promise<void> {
    const dice = this.#random();
    if (dice < READ_COMMITTED) await this.#transaction(client, 'read committed');
    else if (dice < READ_COMMITTED + LOCKED_FIRST) await this.#transaction(client, 'repeatable read, locked first');
    else if (dice < READ_COMMITTED + LOCKED_FIRST + REPEATABLE_READ) await this.#transaction(client, 'repeatable read');
    else this.#judge('single query', undefined, [await this.#ask(client, this.#draw())]);
  }

  /** Several statements over several tables; `releases` is asked first, last, or first and last. */
  async #transaction(client: pg.Client, way: Way): Promise<void> {
    await client.query(`begin isolation level ${way.startsWith('repeatable') ? 'repeatable read' : 'read committed'}`);
    // The snapshot is taken by the first query and not by LOCK: the manual's way to be sure that it is not older.
    // Without it the snapshot is taken before the first query waits, so it can be older than the swap that it waits for.
    if (way === 'repeatable read, locked first')
      await this.#timed('lock', () => client.query('lock table releases in access share mode'));
    const asked = this.#random();
    const answers: Answer[] = [];
    const labels = new Set<string | undefined>();
    if (asked < 0.7) labels.add(await this.#label(client));
    for (let left = 2 + Math.floor(this.#random() * 4); left > 0; left--) {
      answers.push(await this.#ask(client, this.#draw()));
      if (this.#order.pauseMs > 0 && this.#random() < 0.5) await delay(this.#random() * THINKS_MS);
    }
    if (asked > 0.4) labels.add(await this.#label(client));
    await client.query('commit');
    this.#judge(way, labels, answers);
  }

  #draw(): Question {
    const kind = this.#kinds[Math.floor(this.#random() * this.#kinds.length)] as Question[];
    return kind[Math.floor(this.#random() * kind.length)] as Question;
  }

  async #label(client: pg.Client): Promise<string | undefined> {
    const { rows } = await this.#timed('label', () => client.query<{ label: string }>(LABEL_SQL));
    return rows[0]?.label;
  }

  async #ask(client: pg.Client, question: Question): Promise<Answer> {
    const { kind, sql, values } = question;
    const query = this.#prepares ? { name: kind, text: sql, values } : { text: sql, values };
    return { question, answer: answerOf(await this.#timed(kind, () => client.query(query))) };
  }

  async #timed<T>(kind: string, ask: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await ask();
    this.#notes.query(kind, performance.now() - started);
    return result;
  }

  /** All answers, and the label if it was asked for, must be those of one release. */
  #judge(way: Way, labels: ReadonlySet<string | undefined> | undefined, answers: Answer[]): void {
    this.#notes.done(way);
    const releases = new Set(answers.flatMap(({ question }) => Object.keys(question.answers)));
    const allowed = labels ? [...releases].filter((label) => labels.size === 1 && labels.has(label)) : [...releases];
    if (allowed.some((label) => answers.every(({ question, answer }) => question.answers[label] === answer))) return;
    const found = answers.map(({ question: { kind, values, answers: known }, answer }) => {
      const fits = Object.keys(known).filter((label) => known[label] === answer);
      return { kind, values, answer: answer.slice(0, 300), fits };
    });
    this.#notes.mixture({ at: Date.now(), way, label: labels && [...labels].join(' then '), found });
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#order.databaseUrl,
      application_name: `bench reader ${this.#number}`,
    });
    // A connection that breaks while idle is told by the next query.
    client.on('error', () => undefined);
    await client.connect();
    this.#client = client;
    return client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.end();
    } catch (error) {
      this.#notes.error(`closing: ${(error as Error).message}`);
    }
  }
}
