import { readFile } from 'node:fs/promises';
import { tables, views } from '../../catalog/index.ts';
import type { ReleaseHarness } from './release.ts';

/** A digest of all rows of each released table and view of a generation: '' for live, `bk2604010600_` for a backup. */
export function digests(harness: ReleaseHarness, prefix = ''): Promise<Record<string, string>> {
  return digestsOf(harness, prefix, 't::text');
}

/** The same without created_at and updated_at, which tell when a release started. */
export function contents(harness: ReleaseHarness, prefix = ''): Promise<Record<string, string>> {
  return digestsOf(harness, prefix, `(to_jsonb(t) - '{created_at,updated_at}'::text[])::text`);
}

async function digestsOf(harness: ReleaseHarness, prefix: string, row: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name } of [...tables, ...views]) {
    const [there] = await harness.live<{ there: boolean }>(`select to_regclass($1) is not null as there`, [
      prefix + name,
    ]);
    if (!there?.there) continue;
    const [answer] = await harness.live<{ digest: string }>(
      `select count(*) || ' ' || md5(coalesce(string_agg(md5(${row}), '' order by md5(${row})), '')) as digest
       from "${prefix}${name}" t`,
    );
    found[name] = answer?.digest ?? '';
  }
  return found;
}

/** Everything that a release which did not succeed must leave as it was: live rows, relations but staging, current release. */
export async function liveState(harness: ReleaseHarness) {
  return {
    rows: await digests(harness),
    relations: await harness.live(
      `select relname, relkind, oid::int from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v', 'i', 'S')
         and relname !~ '^staging_' order by relname`,
    ),
    current: await harness.live(
      'select id, label, backup_timestamp from releases where is_current or backup_timestamp is not null',
    ),
  };
}

export interface ReleaseRow {
  id: number;
  label: string;
  state: string;
  is_current: boolean;
  stamp: string | null;
  error_text: string | null;
  manifest_url: string | null;
  workflow_id: string;
}

export async function releases(harness: ReleaseHarness): Promise<ReleaseRow[]> {
  return harness.live<ReleaseRow>(
    `select id::int, label, state, is_current, to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp, error_text, manifest_url,
            workflow_id from releases order by id`,
  );
}

/** The newest release of a label. */
export async function releaseOf(harness: ReleaseHarness, label: string): Promise<ReleaseRow> {
  const found = (await releases(harness)).findLast((release) => release.label === label);
  if (!found) throw new Error(`there is no release ${label}`);
  return found;
}

/** Names of a release's events, in order. */
export async function events(harness: ReleaseHarness, releaseId: number): Promise<string[]> {
  const rows = await harness.live<{ phase: string }>(
    'select phase from release_events where release_id = $1 order by id',
    [releaseId],
  );
  return rows.map(({ phase }) => phase);
}

/** The phases that a release has started, in order. */
export async function phasesOf(harness: ReleaseHarness, releaseId: number): Promise<string[]> {
  const rows = await harness.live<{ phase: string }>(
    `select payload_json ->> 'phase' as phase from release_events
     where release_id = $1 and phase in ('lock_acquired', 'phase_started', 'checkpoints_reset') order by id`,
    [releaseId],
  );
  return rows.map(({ phase }) => phase);
}

/** Lines of the release log with this event. */
export async function logged({ logPath }: ReleaseHarness, event: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(logPath, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.event === event);
}

/** Staging relations that are there. */
export async function stagingRelations(harness: ReleaseHarness): Promise<string[]> {
  const rows = await harness.live<{ relname: string }>(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v') and relname like 'staging\\_%'
     order by 1`,
  );
  return rows.map(({ relname }) => relname);
}

/** Stamps of the backups that are there, the oldest first. */
export async function backupStamps(harness: ReleaseHarness): Promise<string[]> {
  const rows = await harness.live<{ stamp: string }>(
    `select distinct substr(relname, 3, 10) as stamp from pg_class where relname ~ '^bk[0-9]{10}_' order by 1`,
  );
  return rows.map(({ stamp }) => stamp);
}

/** True when nobody holds the release lock: no owner row, no session with the advisory lock. */
export async function lockIsFree(harness: ReleaseHarness): Promise<boolean> {
  const [row] = await harness.live<{ free: boolean }>(
    `select not exists (select from pp_release.lock_owner)
        and not exists (select from pg_locks where locktype = 'advisory' and objid = 42000001
                        and database = (select oid from pg_database where datname = current_database())) as free`,
  );
  return row?.free ?? false;
}

/** Columns, indexes, constraints and sequences of the released tables, by their live names. */
export async function liveSchema(harness: ReleaseHarness) {
  const names = tables.map(({ name }) => name);
  return harness.live(
    `select table_name as relation, 'column ' || column_name as object,
            concat_ws(' ', data_type, is_nullable, column_default) as definition
     from information_schema.columns where table_schema = 'public' and table_name = any($1)
     union all
     select tablename, 'index ' || indexname, indexdef from pg_indexes where schemaname = 'public' and tablename = any($1)
     union all
     select conrelid::regclass::text, 'constraint ' || conname, pg_get_constraintdef(oid) from pg_constraint
     where connamespace = 'public'::regnamespace and conrelid::regclass::text = any($1)
     union all
     select r.relname, 'sequence ' || s.relname, format_type(q.seqtypid, null) from pg_class s
     join pg_sequence q on q.seqrelid = s.oid join pg_depend d on d.objid = s.oid and d.deptype = 'a'
     join pg_class r on r.oid = d.refobjid where r.relname = any($1)
     order by 1, 2, 3`,
    [names],
  );
}

/** True while a session of a release waits for somebody else's lock, on the live server or on the portal. */
export async function waitsForLock(harness: ReleaseHarness, on: 'live' | 'portal' = 'live'): Promise<boolean> {
  const [row] = await harness[on]<{ waits: boolean }>(
    `select exists (select from pg_locks l join pg_stat_activity a using (pid)
                    where not l.granted and a.datname = current_database()) as waits`,
  );
  return row?.waits ?? false;
}
