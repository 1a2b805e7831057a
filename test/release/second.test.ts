import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHASES } from '../../contracts/index.ts';
import { expectedRows, shownRows } from '../support/portal_truth.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { backupStamps, digests, events, liveSchema, phasesOf, releaseOf, releases } from '../support/state.ts';

let harness: ReleaseHarness;
let schema: unknown[];
let first: Record<string, string>;
let second: Record<string, string>;

const release = async (...args: string[]) => {
  const { code, stderr } = await harness.pp(['start', ...args, '--wait']);
  expect([code, stderr]).toEqual([0, '']);
};

beforeAll(async () => {
  harness = await createHarness({ sites: 600, workerEnv: { PP_KEEP_BACKUP_COUNT: '2' } });
  schema = await liveSchema(harness);
  await release('Apr2026');
  first = await digests(harness);
  await harness.seed(1);
  await release('May2026');
  second = await digests(harness);
});
afterAll(() => harness?.close());

describe('the next month', () => {
  it('is live, row by row as the portal has it', async () => {
    const { sites, parcels } = await expectedRows(harness);
    expect(await shownRows(harness, 'sites')).toEqual(sites);
    expect(await shownRows(harness, 'parcels')).toEqual(parcels);
    expect(second.protected_areas).not.toBe(first.protected_areas);
  });

  it('leaves the first release in its backup, every table and view', async () => {
    const { stamp } = await releaseOf(harness, 'Apr2026');
    expect(await digests(harness, `bk${stamp}_`)).toEqual(first);
  });

  it('leaves columns, indexes, constraints and sequences named as before any release', async () => {
    expect(await liveSchema(harness)).toEqual(schema);
  });

  it('keeps ids and created_at of sites that stay, and updated_at of those that are unchanged', async () => {
    const { stamp, id } = await releaseOf(harness, 'Apr2026');
    const may = await releaseOf(harness, 'May2026');
    for (const table of ['protected_areas', 'protected_area_parcels', 'sources', 'pame_evaluations']) {
      const key = { sources: 'id', pame_evaluations: 'asmt_id' }[table] ?? 'site_id, site_pid';
      const without = `'{updated_at,green_list_status_id}'::text[]`;
      const [row] = await harness.live(
        `with pairs as (
           select old.id = new.id and old.created_at = new.created_at as kept, old.updated_at as old_date, new.updated_at as new_date,
                  to_jsonb(old) - ${without} = to_jsonb(new) - ${without} as same
           from bk${stamp}_${table} old join ${table} new using (${key}))
         select count(*) filter (where not kept)::int as renumbered,
                count(*) filter (where same and old_date <> new_date)::int as redated,
                count(*) filter (where not same and new_date <> (select created_at from releases where id = ${may.id}))::int as undated,
                bool_or(same) as some_unchanged
         from pairs`,
      );
      expect([table, row]).toEqual([table, { renumbered: 0, redated: 0, undated: 0, some_unchanged: true }]);
    }
    expect(id).toBeLessThan(may.id);
  });

  it('numbers new sites above all that were there', async () => {
    const { stamp } = await releaseOf(harness, 'Apr2026');
    const [row] = await harness.live<{ added: number; reused: number }>(
      `select count(*)::int as added, count(*) filter (where id <= (select max(id) from bk${stamp}_protected_areas))::int as reused
       from protected_areas where site_id not in (select site_id from bk${stamp}_protected_areas)`,
    );
    expect(row?.added).toBeGreaterThan(0);
    expect(row?.reused).toBe(0);
    // The website can go on adding rows: the sequence stands above what the release wrote.
    const [next] = await harness.live(
      `select nextval('protected_areas_id_seq') > (select max(id) from protected_areas) as above`,
    );
    expect(next).toEqual({ above: true });
  });

  it('is what downloads read, and the old downloads stay readable', async () => {
    const named = await harness.live(
      `select "SITE_ID" as site_id, "SITE_PID" as site_pid, "NAME_ENG" as name from portal_downloads_protected_areas order by 1, 2`,
    );
    const expected = await harness.portal(
      `select w.site_id::int, w.parcel_id as site_pid, left(w.english_name, 254) as name from wdpa.wdpas w
       join wdpa.data_restriction_levels r on r.id = w.data_restriction_level_id
       where w.archived_at is null and r.code in ('not restricted', 'commercial restriction') order by 1, 2`,
    );
    expect(named).toEqual(expected);
    const { stamp } = await releaseOf(harness, 'Apr2026');
    const [old] = await harness.live(
      `select (select count(*) from bk${stamp}_portal_downloads_protected_areas)
              = (select count(*) from bk${stamp}_portal_standard_polygons) + (select count(*) from bk${stamp}_portal_standard_points) as same`,
    );
    expect(old).toEqual({ same: true });
  });

  it('is told truthfully by releases', async () => {
    const rows = await releases(harness);
    expect(rows.map(({ label, state, is_current, error_text }) => ({ label, state, is_current, error_text }))).toEqual([
      { label: 'Apr2026', state: 'succeeded', is_current: false, error_text: null },
      { label: 'May2026', state: 'succeeded', is_current: true, error_text: null },
    ]);
    const [apr, may] = rows;
    expect([apr?.stamp, may?.stamp]).toEqual([expect.stringMatching(/^[0-9]{10}$/), null]);
    expect(may?.manifest_url).toBe(`/manifests/${may?.id}_May2026.json`);
  });

  it('went through all phases in their order, each event where it belongs', async () => {
    const { id } = await releaseOf(harness, 'May2026');
    expect(await phasesOf(harness, id)).toEqual(PHASES);
    const told = await events(harness, id);
    const milestones = [
      ...['lock_acquired', 'staging_mvs_created', 'preflight_ok', 'staging_prepared', 'import_core_started'],
      ...[
        'import_core_finished',
        'import_related_finished',
        'staging_indexes_applied',
        'validate_ok',
        'manifest_written',
      ],
      ...['swap_completed', 'release_made_current', 'portal_downloads_view_created', 'post_swap_cleanup_done'],
      ...['retention_done', 'lock_released', 'checkpoints_reset'],
    ];
    // The last phase with importers adds the indexes before it says that it has finished.
    const order = milestones.filter((name) => name !== 'staging_indexes_applied');
    expect(told.filter((name) => order.includes(name))).toEqual(order);
    expect(told).toContain('staging_indexes_applied');
    expect(told).not.toContain('exception');
  });
});

it('the same portal released again gives the same rows, ids and dates included; two backups are kept', async () => {
  await release('Jun2026');
  expect(await digests(harness)).toEqual(second);
  const stamps = (await releases(harness)).flatMap(({ stamp }) => (stamp ? [stamp] : []));
  expect(stamps).toHaveLength(2);
  expect(await backupStamps(harness)).toEqual(stamps.toSorted());
});

it('a lightweight release gives the same rows and schema; one backup is kept where one is to be', async () => {
  await harness.restartWorker({ PP_KEEP_BACKUP_COUNT: '1' });
  await release('Jul2026', '--lightweight');
  expect(await digests(harness)).toEqual(second);
  expect(await liveSchema(harness)).toEqual(schema);
  const { stamp } = await releaseOf(harness, 'Jun2026');
  expect(await backupStamps(harness)).toEqual([stamp]);
  expect((await releases(harness)).map((row) => row.stamp)).toEqual([null, null, stamp, null]);
});
