import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seed } from '../../local/portal/seed.ts';
import { type StackEnv, up } from '../../local/stack/index.ts';
import { eventually } from '../support/eventually.ts';
import { runCommandLine } from '../support/release.ts';
import { find, pidOf, type ScratchStack, scratchStack } from '../support/stack.ts';

let scratch: ScratchStack;
let env: StackEnv;

const start = async () => {
  const state = await up({ dir: scratch.dir, worker: true, useNamedServers: false, progress: () => undefined });
  if (!state.env) throw new Error('the stack has no addresses');
  return state.env;
};

beforeAll(async () => {
  scratch = await scratchStack();
  env = await start();
  await seed({ url: env.PP_PORTAL_DATABASE_URL, sites: 60, month: 0 });
});
afterAll(() => scratch?.end());

const pp = (...args: string[]) => runCommandLine(args, { ...env, PP_RELEASE_ON_FAILURE: 'fail' });

async function withLive<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: env.PP_DATABASE_URL, application_name: 'test' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Scheduled and completed runs of each importer, as history tells. */
async function importersIn(workflowId: string): Promise<Record<string, { scheduled: number; completed: number }>> {
  const connection = await Connection.connect({ address: env.TEMPORAL_ADDRESS });
  try {
    const client = new Client({ connection, namespace: env.TEMPORAL_NAMESPACE });
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    const found: Record<string, { scheduled: number; completed: number }> = {};
    const names = new Map<string, string>();
    for (const event of events ?? []) {
      const { activityTaskScheduledEventAttributes: scheduled, activityTaskCompletedEventAttributes: completed } =
        event;
      if (scheduled?.activityType?.name === 'runImporter') {
        const request = scheduled.input?.payloads?.[1]?.data;
        const { importer } = JSON.parse(Buffer.from(request ?? []).toString('utf8')) as { importer: string };
        names.set(String(event.eventId), importer);
        found[importer] = {
          scheduled: (found[importer]?.scheduled ?? 0) + 1,
          completed: found[importer]?.completed ?? 0,
        };
      }
      const done = found[names.get(String(completed?.scheduledEventId)) ?? ''];
      if (done) done.completed += 1;
    }
    return found;
  } finally {
    await connection.close();
  }
}

const importerEvents = () =>
  withLive(async (client) => {
    const { rows } = await client.query<{ phase: string; importer: string }>(
      `select phase, payload_json ->> 'importer' as importer from release_events
       where phase in ('importer_started', 'importer_finished') order by id`,
    );
    return (name: string, phase: string) => rows.filter((row) => row.importer === name && row.phase === phase).length;
  });

test('Temporal and the worker are killed in the middle of import_core: no finished importer runs again', async () => {
  // `sources` finishes; `protected_areas`, which comes after it, waits for us.
  const somebody = new pg.Client({ connectionString: env.PP_DATABASE_URL, application_name: 'somebody' });
  await somebody.connect();
  try {
    // Not `countries`, which what the release foresees reads long before; and `sources` has to end.
    await withLive((client) =>
      client.query(`create function hold_up() returns trigger language plpgsql as
          $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
        create trigger hold_up before insert on pp_release.import_marks for each row
          when (new.importer = 'protected_areas') execute function hold_up()`),
    );
    await somebody.query('select pg_advisory_lock(7)');
    expect((await pp('start', 'Apr2026')).code).toBe(0);
    await eventually('the second importer waits', () =>
      withLive(async (client) => {
        const { rows } = await client.query<{ waits: boolean }>(
          `select exists (select from pg_locks join pg_stat_activity using (pid)
                          where not granted and application_name like 'pp % importer protected_areas %') as waits`,
        );
        return rows[0]?.waits ?? false;
      }),
    );
    expect(await importersIn('portal-release-Apr2026')).toEqual({
      sources: { scheduled: 1, completed: 1 },
      protected_areas: { scheduled: 1, completed: 0 },
    });
    const [temporal, worker] = [pidOf(scratch.dir, 'temporal'), pidOf(scratch.dir, 'worker')];
    for (const pid of [temporal, worker]) process.kill(pid, 'SIGKILL');
    await expect
      .poll(() => [find(scratch.dir, 'temporal').state, find(scratch.dir, 'worker').state])
      .toEqual(['dead', 'dead']);
  } finally {
    await somebody.end();
  }
  // The same ports and the same file of histories.
  expect(await start()).toEqual(env);
  const { code, stdout, stderr } = await pp('watch', 'Apr2026');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('ended as succeeded');

  const importers = await importersIn('portal-release-Apr2026');
  expect(Object.keys(importers)).toEqual(expect.arrayContaining(['sources', 'protected_areas', 'pame']));
  for (const [name, runs] of Object.entries(importers)) expect(runs, name).toEqual({ scheduled: 1, completed: 1 });
  const count = await importerEvents();
  expect(count('sources', 'importer_started')).toBe(1);
  expect(count('protected_areas', 'importer_started')).toBe(2);
  for (const name of Object.keys(importers)) expect(count(name, 'importer_finished'), name).toBe(1);
});
