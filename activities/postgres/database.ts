import pg from 'pg';
import { ReleaseError } from './errors.ts';
import { type Settings, settle, toSet } from './session_settings.ts';

export type { Settings } from './session_settings.ts';

export type Session = pg.ClientBase;

/** Right of one attempt of one step to change anything (see migrations/0002_lock_and_fence.sql). */
export interface Fence {
  releaseId: number;
  runId: string;
  step: string;
  token: number;
}

export interface DatabaseOptions {
  /** Shown in pg_stat_activity; a later attempt finds and ends the sessions of an earlier one by it. */
  applicationName: string;
  /** Cancels the statement in flight and refuses new ones. */
  signal?: AbortSignal | undefined;
  /** Checked FOR SHARE by every transaction. */
  fence?: Fence | undefined;
}

/** How long a session may take to answer a cancel before it is given up. */
const CANCEL_LIMIT_MS = 1_500;

/**
 * Connections of one step: each session carries the step's name, dies with its client (a killed worker's SQL must not go
 * on) and is cancelled by the step's signal.
 */
export class Database {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;

  constructor(pool: pg.Pool, options: DatabaseOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  get applicationName(): string {
    return this.#options.applicationName;
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal;
  }

  /** Runs `work` on a connection of its own, outside any transaction. */
  async session<T>(work: (session: Session) => Promise<T>, settings: Settings = {}): Promise<T> {
    const { signal, applicationName } = this.#options;
    signal?.throwIfAborted();
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    let isReusable = false;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const cancel = () => void this.#cancel(client, ended);
    try {
      await settle(client, { application_name: applicationName, ...LIFELINE, ...settings });
      signal?.addEventListener('abort', cancel, { once: true });
      signal?.throwIfAborted();
      const result = await work(client);
      signal?.removeEventListener('abort', cancel);
      // A cancel that is on its way must not meet the next user.
      isReusable = !signal?.aborted && (await forget(client));
      return result;
    } catch (error) {
      broken ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      end();
      signal?.removeEventListener('abort', cancel);
      client.off('error', onError);
      // After an error a session may be in any state: the next user gets another one.
      client.release(broken ?? !isReusable);
    }
  }

  /**
   * Runs `work` in one transaction that checks the fence first, and makes sure that COMMIT committed: PostgreSQL answers
   * the COMMIT of a failed transaction with ROLLBACK and no error.
   */
  async transaction<T>(work: (session: Session) => Promise<T>, settings: Settings = {}): Promise<T> {
    return this.session((session) => this.transactionOn(session, work, settings));
  }

  /** The same on a session that is open already: for many small ones, of which each would cost a connection else. */
  async transactionOn<T>(
    session: Session,
    work: (session: Session) => Promise<T>,
    settings: Settings = {},
  ): Promise<T> {
    await session.query('begin');
    try {
      await this.assertFence(session);
      await session.query(setLocal(settings));
      const result = await work(session);
      await this.#commit(session);
      return result;
    } catch (error) {
      await rollBack(session, error);
      throw error;
    }
  }

  /** First statement of every transaction that changes anything. */
  async assertFence(session: Session): Promise<void> {
    const statement = this.fenceStatement();
    if (statement) await session.query(statement);
  }

  /** The same as text, for a transaction that is sent as one message. */
  fenceStatement(): string | undefined {
    const { fence } = this.#options;
    if (!fence) return undefined;
    const { releaseId, runId, step, token } = fence;
    return `select pp_release.assert_fence(${Number(releaseId)}, ${pg.escapeLiteral(runId)}, ${pg.escapeLiteral(step)}, ${Number(token)})`;
  }

  async query<R extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<R[]> {
    return this.session(async (session) => (await session.query<R>(sql, values)).rows);
  }

  async #commit(session: Session): Promise<void> {
    const { command } = await session.query('commit');
    if (command !== 'COMMIT') {
      throw new ReleaseError('DatabaseError', `the transaction was not committed: PostgreSQL answered ${command}`);
    }
  }

  /**
   * A second connection cancels the statement: the first one is busy with it. A session that reads a portal which does not
   * answer hears the cancel, but then waits half a minute for the portal to clean up: nobody here waits with it. The
   * server ends it, and undoes what it did, once the portal lets it go.
   */
  async #cancel(client: pg.PoolClient, ended: Promise<void>): Promise<void> {
    const pid = (client as unknown as { processID: number }).processID;
    const limits = { connectionTimeoutMillis: CANCEL_LIMIT_MS, query_timeout: CANCEL_LIMIT_MS };
    const canceller = new pg.Client({ ...this.#pool.options, ...limits, application_name: 'pp-release cancel' });
    canceller.on('error', () => undefined);
    try {
      await canceller.connect();
      await canceller.query('select pg_cancel_backend($1)', [pid]);
      if (await isOver(ended, CANCEL_LIMIT_MS)) return;
      await canceller.query('select pg_terminate_backend($1)', [pid]);
      abandon(client);
    } catch {
      // No second connection to be had: closing the first one makes the server end the statement by itself within
      // client_connection_check_interval.
      abandon(client);
    } finally {
      await canceller.end();
    }
  }
}

/**
 * Makes a session as new: a step opens many short ones, and each new connection costs the server a process.
 *
 * @returns false when it is lost, or its user has left a transaction open: what was done in it counts all the same
 */
async function forget(client: pg.PoolClient): Promise<boolean> {
  client.removeAllListeners('notification');
  return client.query('discard all').then(
    () => true,
    () => false,
  );
}

/** The query in flight fails at once with a lost connection. */
function abandon(client: pg.PoolClient): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

async function isOver(ended: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  try {
    return await Promise.race([ended.then(() => true), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A peer that a broken network has silenced is given up within half a minute, on either side: without these the system's two
 * hours count. (A killed process is noticed at once.)
 */
const DEAD_PEER: Settings = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '30000',
};

/** The same for a client: Node probes ten times, a second apart, once a connection has been silent for so long. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/** The server ends what a client asked for soon after the client has died. */
const LIFELINE: Settings = { client_connection_check_interval: '1s', ...DEAD_PEER };

/**
 * A connection outside any pool, with the settings that every session of ours has. Whoever asked for it ends it.
 *
 * @param onOpen sees the client before it connects
 */
export async function connect(
  connectionString: string,
  applicationName: string,
  onOpen: (client: pg.Client) => void = () => undefined,
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: applicationName, ...KEEP_ALIVE });
  onOpen(client);
  try {
    await client.connect();
    await settle(client, LIFELINE);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

function setLocal(settings: Settings): string {
  return toSet('set local', settings);
}

/** The error that ended the transaction is the one to report; a failed ROLLBACK means that the session is gone. */
async function rollBack(session: Session, cause: unknown): Promise<void> {
  try {
    await session.query('rollback');
  } catch (error) {
    if (cause instanceof Error && cause.cause === undefined) cause.cause = error;
  }
}

/** application_name of a session that no step has at the moment. */
const IDLE_NAME = 'pp-release idle';

/** Pool with the settings that every connection of ours has. */
export function createPool(connectionString: string, max = 10): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    ...KEEP_ALIVE,
    connectionTimeoutMillis: 10_000,
    application_name: IDLE_NAME,
  });
  // Without a listener an idle connection that breaks would end the process; the next query reports the trouble.
  pool.on('error', () => undefined);
  return pool;
}
