import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type pg from 'pg';
import { launch } from '../../client/launch.ts';
import { WORKFLOW } from '../../contracts/index.ts';

/** One change of what is live, by the real workflow. */
export interface Exchange {
  what: 'swap' | 'rollback';
  /** When the workflow was asked for, ms since 1970. */
  askedAt: number;
  /** When the database had committed it, ms since 1970, and how long after the asking that was. */
  committedAt: number;
  seconds: number;
  /** From the end of the preparation to COMMIT, ms: reading the catalogs, looking for a gap, changing. */
  changeMs: number;
  activities: Activity[];
  /** Attempts to take the locks; looks that found somebody are no attempts. */
  tries: number;
  lockWindowMs: number;
  /** Rounds of two seconds that found no gap. */
  blockedRounds: number;
  /** The backup that it left behind; a rollback leaves none. */
  stamp?: string | undefined;
}

/** Longer than any exchange takes: a release that waits for its operator would never end. */
const LIMIT_MS = 900_000;

/** Swaps and rolls back by the workflows, as the command line does, but without a new process for each. */
export class Exchanger {
  readonly #temporal: Client;
  readonly #session: pg.ClientBase;

  constructor(temporal: Client, session: pg.ClientBase) {
    this.#temporal = temporal;
    this.#session = session;
  }

  /** Makes the release in staging live again: `start LABEL --start-at finalise_swap`. */
  promote(label: string): Promise<Exchange> {
    const input = { label, startAt: 'finalise_swap' };
    return this.#run('swap', WORKFLOW.release, `portal-release-${label}`, input);
  }

  rollback(stamp: string): Promise<Exchange> {
    return this.#run('rollback', WORKFLOW.rollback, `portal-rollback-${stamp}`, { stamp, by: 'bench' });
  }

  /** A change that somebody else asks for, by the workflow of that id. */
  async observed(what: Exchange['what'], workflowId: string, ask: () => Promise<void>): Promise<Exchange> {
    const known = await this.#lastEvent();
    const askedAt = Date.now();
    await ask();
    const activities = await activitiesOf(this.#temporal.workflow.getHandle(workflowId));
    return this.#told(what, askedAt, activities, known);
  }

  #run(what: Exchange['what'], type: string, workflowId: string, input: object): Promise<Exchange> {
    return this.observed(what, workflowId, async () => {
      const { handle } = await launch(this.#temporal, { type, workflowId, input, what });
      const limit = new AbortController();
      const tooLate = delay(LIMIT_MS, undefined, { signal: limit.signal }).then(async () => {
        const status = JSON.stringify(await handle.query('status'));
        await handle.terminate('the benchmark does not wait for an operator');
        throw new Error(`the ${what} did not end within ${LIMIT_MS / 1000} s: ${status}`);
      });
      // Whichever comes second has nobody who listens to it.
      tooLate.catch(() => undefined);
      await Promise.race([handle.result(), tooLate]).finally(() => limit.abort());
    });
  }

  async #lastEvent(): Promise<number> {
    const { rows } = await this.#session.query<{ id: number }>(
      'select coalesce(max(id), 0)::int as id from release_events',
    );
    return rows[0]?.id ?? 0;
  }

  /** What the workflow's own events say of it. */
  async #told(what: Exchange['what'], askedAt: number, activities: Activity[], after: number): Promise<Exchange> {
    const { rows } = await this.#session.query<{ phase: string; at: number; payload: Record<string, unknown> }>(
      `select phase, extract(epoch from at at time zone 'utc')::float8 * 1000 as at, payload_json as payload
       from release_events where id > $1 order by id`,
      [after],
    );
    const done = rows.find(({ phase }) => phase === `${what}_completed`);
    if (!done) throw new Error(`the ${what} left no event: ${rows.map(({ phase }) => phase).join(', ')}`);
    const { lockWindowMs, tries, stamp } = done.payload as { lockWindowMs: number; tries: number; stamp?: string };
    const change = activities.find(({ name }) => name === 'attemptSwap' || name === 'attemptRollback');
    return {
      what,
      askedAt,
      committedAt: done.at,
      seconds: (done.at - askedAt) / 1000,
      changeMs: done.at - (change?.startedAt ?? Number.NaN),
      activities,
      tries,
      lockWindowMs,
      blockedRounds: rows.filter(({ phase }) => phase === `${what}_blocked`).length,
      stamp: what === 'swap' ? stamp : undefined,
    };
  }
}

/** One activity of the workflow, from when it was scheduled until its answer was there. */
export interface Activity {
  name: string;
  /** Ms since 1970. */
  startedAt: number;
  ms: number;
}

async function activitiesOf(handle: WorkflowHandle): Promise<Activity[]> {
  const { events = [] } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ eventId, eventTime, activityTaskScheduledEventAttributes: scheduled }) => {
    if (!scheduled) return [];
    const done = events?.find(
      (event) => String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(eventId),
    );
    const startedAt = millis(eventTime);
    return [{ name: scheduled.activityType?.name ?? '', startedAt, ms: millis(done?.eventTime) - startedAt }];
  });
}

/** An activity that was cancelled, such as the keeper of the lock, has no end: NaN. */
function millis(time: { seconds?: unknown; nanos?: unknown } | null | undefined): number {
  return Number(time?.seconds ?? Number.NaN) * 1000 + Number(time?.nanos ?? 0) / 1e6;
}
