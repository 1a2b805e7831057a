import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import type { Session } from '../../activities/postgres/database.ts';
import { ReleaseError } from '../../activities/postgres/errors.ts';
import { requireWritable, settle } from '../../activities/postgres/session_settings.ts';
import { readSoundSettings, type WorkerSettings } from '../../worker/config.ts';
import { type Environment, readEnvironment, type TemporalAddress, temporalAddress } from '../config.ts';
import { lendsTransactions } from './pooler.ts';

/** How long all parts together may take, ms: with the start of the command that is under five seconds. */
export const TIMEOUT_MS = 3_500;
/** The same where a worker is asked to do something. */
const PROBE_TIMEOUT_MS = 10_000;
/** Of that, what the report of a worker that did nothing takes, ms. */
const PROBE_REST_MS = 2_000;
/** The reader of a locked table is not kept waiting for long. */
const LOCK_LIMIT_MS = 1_000;

/** How long each thing may take, ms. */
export interface Limits {
  /** All that is asked of one part, and the same of the round trip. */
  part: number;
  probe: number;
  /** What a worker does for the round trip. */
  work: number;
  /** One server's letting us in. */
  connect: number;
  /** One answer of PostgreSQL. */
  statement: number;
}

/** A server that lets nobody in leaves time for the others' answers. */
export function limitsOf(timeoutMs: number): Limits {
  const probe = Math.max(timeoutMs, PROBE_TIMEOUT_MS);
  return {
    part: timeoutMs,
    probe,
    work: probe - PROBE_REST_MS,
    connect: Math.round((timeoutMs * 4) / 7),
    statement: Math.round((timeoutMs * 5) / 7),
  };
}

/** What the operator's environment says of this place. */
export interface Place {
  environment: Environment;
  settings: WorkerSettings;
  /** What is wrong with a variable, by its name. */
  faults: ReadonlyMap<string, string>;
  databaseUrl: string | undefined;
  temporal: TemporalAddress;
  /** The release that is looked at; the newest one without it. */
  label: string | undefined;
}

export function readPlace(label: string | undefined, environment: Environment = readEnvironment()): Place {
  const { settings, faults } = readSoundSettings(environment);
  const databaseUrl = environment.PP_DATABASE_URL;
  return { environment, settings, faults, databaseUrl, temporal: temporalAddress(environment), label };
}

/** A session of the live database that may write nothing. */
export interface LiveSession {
  session: Session;
  /** A pooler in transaction mode lends it: nothing was set, and nothing but a question may be asked. */
  isLent: boolean;
  /** Why nothing could be written here without our own ban. */
  writableFault: Error | undefined;
}

/** What a check may ask. Each part of the report has one of its own, so that no part waits for another's answers. */
export class Surroundings {
  readonly place: Place;
  readonly limits: Limits;
  readonly #name: string;
  #live: Promise<LiveSession> | undefined;
  #client: pg.Client | undefined;
  #temporal: Promise<Client> | undefined;
  #connection: Connection | undefined;

  constructor(place: Place, name: string, limits: Limits) {
    this.place = place;
    this.limits = limits;
    this.#name = name;
  }

  /** @throws Error as PostgreSQL, the network or `settle` gives it */
  live(): Promise<LiveSession> {
    this.#live ??= this.#openLive();
    return this.#live;
  }

  async session(): Promise<Session> {
    return (await this.live()).session;
  }

  async rows<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await (await this.session()).query<Row>(sql, values)).rows;
  }

  /** @throws Error when Temporal does not answer */
  temporal(): Promise<Client> {
    this.#temporal ??= this.#openTemporal();
    return this.#temporal;
  }

  /** A frozen server never says goodbye, so neither connection waits for it. */
  async close(): Promise<void> {
    const client = this.#client as unknown as { connection: { stream: { destroy(): void } } } | undefined;
    client?.connection.stream.destroy();
    await this.#connection?.close();
  }

  /** The database's own settings come first: what stands in the way of writing is a finding, our ban on it is not. */
  async #openLive(): Promise<LiveSession> {
    const client = this.#newClient();
    this.#client = client;
    await client.connect();
    const open = async () => {
      const other = this.#newClient();
      await other.connect();
      return other;
    };
    if (await lendsTransactions(client, open)) return { session: client, isLent: true, writableFault: undefined };
    await client.query(`set statement_timeout = ${this.limits.statement}; set lock_timeout = ${LOCK_LIMIT_MS}`);
    const writableFault = await requireWritable(client).then(
      () => undefined,
      (error: Error) => error,
    );
    await client.query('set default_transaction_read_only = on');
    // What cannot be put right is the finding of database.settings.
    await settleReader(client, this.limits).catch((error: unknown) => {
      if (!(error instanceof ReleaseError)) throw error;
    });
    return { session: client, isLent: false, writableFault };
  }

  #newClient(): pg.Client {
    const client = new pg.Client({
      connectionString: this.place.databaseUrl,
      application_name: `pp-release doctor ${this.#name}`,
      connectionTimeoutMillis: this.limits.connect,
    });
    client.on('error', () => undefined);
    return client;
  }

  async #openTemporal(): Promise<Client> {
    const { address, namespace } = this.place.temporal;
    this.#connection = Connection.lazy({ address, connectTimeout: this.limits.connect });
    const connection = this.#connection;
    await connection.withDeadline(Date.now() + this.limits.connect, () => connection.ensureConnected());
    return new Client({ connection, namespace });
  }
}

/** Gives a session the settings that every session of ours has, and keeps its own limits and its ban on writing. */
export function settleReader(session: Session, { statement }: Limits): Promise<void> {
  return settle(session, {
    statement_timeout: String(statement),
    lock_timeout: String(LOCK_LIMIT_MS),
    default_transaction_read_only: 'on',
  });
}

/** A fact that several checks of a part need: it is asked for once. */
export function fact<T>(ask: (at: Surroundings) => Promise<T>): (at: Surroundings) => Promise<T> {
  const known = new WeakMap<Surroundings, Promise<T>>();
  return (at) => {
    const answer = known.get(at) ?? ask(at);
    known.set(at, answer);
    return answer;
  };
}
