import { setTimeout as delay } from 'node:timers/promises';
import { tables, views } from '../../catalog/index.ts';

type Row = Record<string, unknown>;

/** What a run of commands needs of its surroundings: a test's harness has it, and so has the stack of `npm run chaos`. */
export interface World {
  pp(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  live<R extends Row>(sql: string, values?: unknown[]): Promise<R[]>;
  /** Fills the portal as it stands `month` months later. */
  seed(month: number): Promise<void>;
}

/** Everything that a command may change, or must not. */
export interface State {
  current: { id: number; label: string } | undefined;
  /** OIDs of the released relations that are live: each release has its own. */
  liveOids: string;
  /** Digest of all rows of live but what the website writes. */
  liveRows: string;
  /** Release whose data staging holds. */
  holder: number | undefined;
  /** Stamps of the backups that are a way back. */
  complete: string[];
  stamps: string[];
  newest: { id: number; label: string; state: string } | undefined;
  /** Who holds the release lock. */
  owner: string | undefined;
  strangers: string;
  /** The website's notes, by site. */
  notes: Record<string, string>;
  /** Sites that are live: a note goes with a site that a month lacks. */
  sites: string[];
}

const RELEASED = [...tables, ...views].map(({ name }) => name);
/** As the views refresh, the row number of the same row may be another. */
const WEBSITE = `'{editor_note,created_at,updated_at}'::text[]`;

/** Other people's relations, called like ours, and a column that the website keeps in a released table. */
export async function settleStrangers({ live }: World): Promise<void> {
  for (const sql of [
    'create table web_events as select kind from unnest(array[1, 1, 2]) kind',
    'create materialized view staging_dashboard as select kind, count(*) as n from web_events group by 1',
    'create table staging_of_mine as select 1 as id',
    'create table bk9912312359_sites_copy as select 1 as id',
    'create view bk9912312350_report as select kind from web_events',
    'create table bk2001010000_sources as select 1 as id',
    'alter table protected_areas add column editor_note text',
  ])
    await live(sql);
}

export async function look({ live }: World): Promise<State> {
  const one = async <R extends Row>(sql: string, values?: unknown[]): Promise<R | undefined> =>
    (await live<R>(sql, values))[0];
  const newest = await one<{ id: number; label: string; state: string }>(
    'select id::int, label, state from releases order by id desc limit 1',
  );
  const current = await live<{ id: number; label: string }>('select id::int, label from releases where is_current');
  if (current.length > 1) throw new Error(`${current.length} releases are current`);
  const digests = await live<{ relation: string; digest: string }>(
    RELEASED.map(
      (name) =>
        `select '${name}' as relation, count(*) || ' ' || coalesce(sum(hashtextextended((to_jsonb(t) - ${WEBSITE})::text, 0)::numeric), 0) as digest from "${name}" t`,
    ).join(' union all '),
  ).catch((error: { code?: string }) => {
    // Before the first release there are no views.
    if (error.code === '42P01') return [];
    throw error;
  });
  const backups = await live<{ stamp: string; relations: number }>(
    `select generation as stamp, count(*) filter (where live_name = any($1))::int as relations from pp_release.ours
     where generation ~ '^[0-9]{10}$' group by 1 order by 1`,
    [RELEASED],
  );
  const strangers = await live(
    `select relname, oid::int, relkind from pg_class
     where relname in ('web_events', 'staging_dashboard', 'staging_of_mine', 'bk9912312359_sites_copy', 'bk9912312350_report', 'bk2001010000_sources')
     order by 1`,
  );
  const rowsOfStrangers = await live(
    `select (select json_agg(kind) from web_events) as events, (select json_agg(d) from staging_dashboard d) as dashboard,
            (select json_agg(m) from staging_of_mine m) as mine, (select json_agg(c) from bk9912312359_sites_copy c) as copies`,
  );
  const notes = await live<{ site: string; note: string }>(
    'select site_id::text as site, editor_note as note from protected_areas where editor_note is not null',
  );
  return {
    current: current[0],
    liveOids: JSON.stringify(
      await live('select relname, oid::int from pg_class where relname = any($1) order by 1', [RELEASED]),
    ),
    liveRows: JSON.stringify(digests),
    holder: (await one<{ id: number }>('select release_id::int as id from pp_release.staging'))?.id,
    complete: backups.filter(({ relations }) => relations === RELEASED.length).map(({ stamp }) => stamp),
    stamps: backups.map(({ stamp }) => stamp),
    newest,
    owner: (await one<{ purpose: string }>('select purpose from pp_release.lock_owner'))?.purpose,
    strangers: JSON.stringify([strangers, rowsOfStrangers]),
    sites: (await live<{ site: string }>('select site_id::text as site from protected_areas')).map(({ site }) => site),
    notes: Object.fromEntries(notes.map(({ site, note }) => [site, note])),
  };
}

const QUIET_LIMIT_MS = 90_000;

/** The event with which a release says that it waits for an answer, if one does. */
const WAITS = `select id from release_events e
  where phase like 'waiting_for_%' and release_id = (select release_id from pp_release.lock_owner)
    and not exists (select from release_events later where later.release_id = e.release_id and later.id > e.id)`;

export async function waitsSince({ live }: World): Promise<string | undefined> {
  return (await live<{ id: string }>(WAITS))[0]?.id;
}

/**
 * Waits until nothing is on its way: the lock is free, or its release waits for an answer.
 *
 * @param answered the wait that has been answered already, though no event says so yet
 */
export async function settled({ live }: World, answered: string | undefined): Promise<void> {
  const deadline = Date.now() + QUIET_LIMIT_MS;
  for (;;) {
    const [row] = await live<{ quiet: boolean }>(
      `select not exists (select from pp_release.lock_owner) or exists (${WAITS} and id is distinct from $1) as quiet`,
      [answered ?? null],
    );
    if (row?.quiet) return;
    if (Date.now() > deadline) throw new Error('the release lock is not given back');
    await delay(100);
  }
}
