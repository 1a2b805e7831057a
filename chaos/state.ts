import { readFileSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { tables, views } from '../catalog/index.ts';
import { withClient } from '../local/stack/postgres/server.ts';
import type { ChaosStack } from './stack.ts';

type Digests = Record<string, string>;

/** What is live, by hash and by what `releases` says. */
export interface Live {
  releaseId: number;
  label: string;
  /** Of all rows. */
  rows: Digests;
  /** Without created_at and updated_at, which tell when a release started. */
  contents: Digests;
  /** Staging relations that are there. */
  staging: string[];
}

/** Keeps its place in a swap, which changes cells of it. */
const CHANGED_IN_PLACE = 'countries';

export async function look(stack: ChaosStack): Promise<Live> {
  return withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const digests = async (row: string) => {
      const found: Digests = {};
      for (const name of [...tables.map(({ name }) => name), ...views.map(({ name }) => name), CHANGED_IN_PLACE]) {
        const { rows } = await client.query<{ digest: string }>(
          `select count(*) || ' ' || md5(coalesce(string_agg(md5(${row}), '' order by md5(${row})), '')) as digest from "${name}" t`,
        );
        found[name] = rows[0]?.digest ?? '';
      }
      return found;
    };
    const current = await client.query<{ id: number; label: string }>(
      'select id::int, label from releases where is_current',
    );
    if (current.rows.length !== 1) throw new Error(`${current.rows.length} releases are current`);
    const staging = await client.query<{ relname: string }>(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v')
         and starts_with(relname, 'staging_') order by 1`,
    );
    return {
      releaseId: current.rows[0]?.id ?? 0,
      label: current.rows[0]?.label ?? '',
      rows: await digests('t::text'),
      contents: await digests(`(to_jsonb(t) - '{created_at,updated_at}'::text[])::text`),
      staging: staging.rows.map(({ relname }) => relname),
    };
  });
}

/** Names of the tables that differ. */
export function differing(one: Digests, other: Digests): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}

/** Lock, sessions and processes that nobody should hold any more. */
export async function leftOver(stack: ChaosStack): Promise<string[]> {
  const found = await withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const { rows } = await client.query<{ what: string }>(
      `select 'lock owner ' || purpose as what from pp_release.lock_owner
       union all
       select 'advisory lock of session ' || pid from pg_locks where locktype = 'advisory' and objid = 42000001
       union all
       select 'session ' || application_name from pg_stat_activity where application_name like 'pp %'
       union all
       select 'prepared transaction ' || gid from pg_prepared_xacts`,
    );
    return rows.map(({ what }) => what);
  });
  return [...found, ...(await stack.strangers()).map((pid) => `process ${pid}`)];
}

/** Names of the events after event `since`: one action runs at a time. */
export async function eventsAfter(stack: ChaosStack, since: number): Promise<string[]> {
  return withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const { rows } = await client.query<{ phase: string }>(
      'select phase from release_events where id > $1 order by id',
      [since],
    );
    return rows.map(({ phase }) => phase);
  });
}

/** Lines of the release log from a place on. @throws SyntaxError on a line that is no JSON: two workers wrote into each other's */
export function logAfter({ releaseLog }: ChaosStack, offset: number): { event: string; label?: string }[] {
  const lines = readFileSync(releaseLog).subarray(offset).toString('utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

export const logSize = ({ releaseLog }: ChaosStack): number =>
  statSync(releaseLog, { throwIfNoEntry: false })?.size ?? 0;

export async function lastEvent(stack: ChaosStack): Promise<{ id: number; phase: string }> {
  return withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const { rows } = await client.query<{ id: number; phase: string }>(
      `select id::int, coalesce(payload_json ->> 'phase', '') || ' ' || phase as phase from release_events order by id desc limit 1`,
    );
    return rows[0] ?? { id: 0, phase: 'start' };
  });
}

export async function releaseState(
  stack: ChaosStack,
  label: string,
): Promise<{ id: number; state: string } | undefined> {
  return withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const { rows } = await client.query<{ id: number; state: string }>(
      'select id::int, state from releases where label = $1 order by id desc limit 1',
      [label],
    );
    return rows[0];
  });
}

/** The stamp of the newest backup. */
export async function newestBackup(stack: ChaosStack): Promise<string> {
  return withClient(stack.env.PP_DATABASE_URL, async (client) => {
    const { rows } = await client.query<{ stamp: string }>(
      `select to_char(max(backup_timestamp), 'YYMMDDHH24MI') as stamp from releases`,
    );
    if (!rows[0]?.stamp) throw new Error('there is no backup to roll back to');
    return rows[0].stamp;
  });
}
