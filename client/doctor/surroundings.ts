import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import type { Session } from '../../activities/postgres/database.ts';
import { ReleaseError } from '../../activities/postgres/errors.ts';
import { requireWritable, settle } from '../../activities/postgres/session_settings.ts';
import { readSoundSettings, type WorkerSettings } from '../../worker/config.ts';
import { type Environment, readEnvironment, type TemporalAddress, temporalAddress } from '../config.ts';

/** How long one part may take to let us in, ms. */
const CONNECT_LIMIT_MS = 2_000;
/** How long PostgreSQL may look for one answer, ms; the reader of a locked table is not kept waiting for long. */
const STATEMENT_LIMIT_MS = 2_500;
const LOCK_LIMIT_MS = 1_000;

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
  /** Process id that the server gave at the start: a pooler gives one of its own. */
  pid: number;
  /** Why nothing could be written here without our own ban. */
  writableFault: Error | undefined;
}

/** What a check may ask. Each part of the report has one of its own, so that no part waits for another's answers. */
export class Surroundings {
  readonly place: Place;
  readonly #name: string;
  #live: Promise<LiveSession> | undefined;
  #client: pg.Client | undefined;
  #temporal: Promise<Client> | undefined;
  #connection: Connection | undefined;

  constructor(place: Place, name: string) {
    this.place = place;
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
    const client = new pg.Client({
      connectionString: this.place.databaseUrl,
      application_name: `pp-release doctor ${this.#name}`,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
    });
    this.#client = client;
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`set statement_timeout = ${STATEMENT_LIMIT_MS}; set lock_timeout = ${LOCK_LIMIT_MS}`);
    const writableFault = await requireWritable(client).then(
      () => undefined,
      (error: Error) => error,
    );
    await client.query('set default_transaction_read_only = on');
    // What cannot be put right is the finding of database.settings.
    await settleReader(client).catch((error: unknown) => {
      if (!(error instanceof ReleaseError)) throw error;
    });
    return { session: client, pid: (client as unknown as { processID: number }).processID, writableFault };
  }

  async #openTemporal(): Promise<Client> {
    const { address, namespace } = this.place.temporal;
    this.#connection = Connection.lazy({ address, connectTimeout: CONNECT_LIMIT_MS });
    const connection = this.#connection;
    await connection.withDeadline(Date.now() + CONNECT_LIMIT_MS, () => connection.ensureConnected());
    return new Client({ connection, namespace });
  }
}

/** Gives a session the settings that every session of ours has, and keeps its own limits and its ban on writing. */
export function settleReader(session: Session): Promise<void> {
  return settle(session, {
    statement_timeout: String(STATEMENT_LIMIT_MS),
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
