import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding, FindingId } from '../../activities/adopt/finding.ts';
import { listBackups } from '../../activities/live/backups.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { readStatus } from '../../client/status.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { APRIL, createOldSystem, MARCH, type OldSystem } from './old_system/index.ts';
import * as states from './old_system/states.ts';
import { oldDownloadsView } from './old_system/views.ts';
import { check, runStatements } from './support.ts';

describe('what the old system may have left in its database', () => {
  let old: OldSystem;
  let rooms: Rooms;
  let found: Finding[];
  let release: ReleaseRef;
  let stamp: string;

  beforeAll(async () => {
    old = await createOldSystem();
    const statistics = await readFile(new URL('./old_system/statistics.sql', import.meta.url), 'utf8');
    await ask(old.databaseUrl, `${states.LOST_STATISTICS}; ${states.onBackup(statistics)}`);
    await ask(
      old.databaseUrl,
      `grant select on regional_statistics_view, aichi11_target_dashboard_view to "${old.reader}"`,
    );
    await ask(old.databaseUrl, `${states.STRAY_DOWNLOADS}; ${states.LEFT_STAGING}`);
    await ask(old.databaseUrl, await oldDownloadsView('staging_'));
    await ask(old.databaseUrl, `${states.DEAD_RUNS}; ${states.STRANGERS}`);
    await runStatements(old, (await check(old.databaseUrl)).findings);
    found = (await check(old.databaseUrl)).findings;
    const { code, stderr } = await runCommandLine(['adopt', '--yes'], { PP_DATABASE_URL: old.databaseUrl });
    if (code !== 0) throw new Error(stderr);
    rooms = await openRooms(old.sites, old);
  });
  afterAll(() => (rooms ? rooms.close() : old?.drop()));

  const of = (id: FindingId) => found.filter((finding) => finding.id === id).map(({ message }) => message);

  it('is named before anything is done', () => {
    expect(of('backup-read')).toEqual([
      expect.stringMatching(
        /^view aichi11_target_dashboard_view reads bk\d+_country_statistics, bk\d+_pame_statistics/,
      ),
      expect.stringMatching(/^view regional_statistics_view reads bk\d+_country_statistics, bk\d+_pame_statistics/),
    ]);
    expect(of('staging-left')).toEqual([expect.stringMatching(/^5 relations of the old system's staging are left/)]);
    expect(of('dead-run')).toEqual([
      expect.stringMatching(/^release 6 \(Jun2026\) of the old system says validating/),
      expect.stringMatching(/^release 5 \(Jun2026\) of the old system says importing/),
    ]);
    expect(of('backup-parts')).toEqual([expect.stringMatching(/^bk2601010101_sources are named like/)]);
  });

  it('A8: views that its swap has left on a backup read live again, and keep their rights', async () => {
    const reads = await rooms.rows<{ name: string }>(
      `select distinct source.relname as name from pg_rewrite w
       join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid join pg_class source on source.oid = d.refobjid
       where w.ev_class = 'regional_statistics_view'::regclass and d.refclassid = 'pg_class'::regclass and source.relkind = 'r' order by 1`,
    );
    expect(reads.map(({ name }) => name)).toEqual(['countries', 'country_statistics', 'pame_statistics']);
    const shown =
      'select count(*)::int as n from regional_statistics_view union all select count(*)::int from aichi11_target_dashboard_view';
    expect((await ask<{ n: number }>(old.readerUrl, shown)).every(({ n }) => n > 0)).toBe(true);
  });

  it('A11: a downloads view with a stamp of its own belongs to the backup that it reads', async () => {
    const backups = await rooms.db.session(listBackups);
    expect(backups.map((one) => [one.stamp, one.label, one.complete, one.oldSystem])).toEqual([
      [APRIL, 'Apr2026', true, true],
      [MARCH, 'Mar2026', true, true],
    ]);
    const made = await rooms.rows(`select generation from pp_release.ours where name ~ '${states.STRAY_STAMP}'`);
    expect(made).toEqual([{ generation: MARCH }]);
  });

  it('A17: a run that died is no release that runs, and status names no file that never was', async () => {
    expect(
      await rooms.rows(`select state, error_text like '%old system%' as told from releases where label = 'Jun2026'`),
    ).toEqual([
      { state: 'failed', told: true },
      { state: 'failed', told: true },
    ]);
    const may = await readStatus(rooms.db, undefined, { label: 'May2026', manifestDir: 'manifests' });
    expect([may?.is_current, may?.manifest_url, may?.manifest_path]).toEqual([
      true,
      expect.stringContaining('May2026'),
      null,
    ]);
  });

  it('a stranger under a name that staging needs still stands in the way, by its name', async () => {
    await expect(rooms.stage('Jun2026')).rejects.toThrow(
      /table public\.staging_realms .* stands where a release needs room/,
    );
    await rooms.rows(`delete from releases where id > 6; drop table staging_realms`);
  });

  it("A12: the old system's staging gives way to the first release, its downloads view too; A1: that is as live was", async () => {
    const ids = 'select site_id, id from protected_areas where site_id in (select site_id from may) order by 1';
    await rooms.rows('create table may as select site_id, id from protected_areas');
    const before = await rooms.rows(ids);
    ({ release, stamp } = await rooms.release('Jun2026'));
    expect(await rooms.rows(ids)).toEqual(before);
    expect(
      await rooms.rows(
        `select to_regclass('staging_portal_downloads_protected_areas') is null as gone, to_regclass('bk2601010101_sources') is not null as kept`,
      ),
    ).toEqual([{ gone: true, kept: true }]);
    expect(
      await rooms.rows(
        `select format_type(atttypid, -1) as type from pg_attribute where attrelid = 'portal_iso3_agg'::regclass and attname = 'wdpa_id'`,
      ),
    ).toEqual([{ type: 'bigint' }]);
  });

  it('A14: no key of a backup is touched by a release', async () => {
    expect(
      await rooms.rows(
        `select conname from pg_constraint where contype = 'f' and conrelid::regclass::text ~ '^bk26' and confrelid::regclass::text !~ '^bk'`,
      ),
    ).toEqual([]);
  });

  it('A9: a rollback to a backup of the old system makes it live, with the lookups that it had never swapped', async () => {
    const april = await rooms.rows(
      `select md5(string_agg(t::text, '' order by id)) as rows from bk${APRIL}_protected_areas t`,
    );
    expect((await rooms.rollback(release, APRIL)).outcome).toBe('rolled back');
    expect(await rooms.rows(`select md5(string_agg(t::text, '' order by id)) as rows from protected_areas t`)).toEqual(
      april,
    );
    expect(await rooms.rows('select label from releases where is_current')).toEqual([{ label: 'Apr2026' }]);
    const [whole] = await rooms.rows(
      `select bool_and(exists (select from designations d where d.id = a.designation_id)) as designations,
              bool_and(exists (select from governances g where g.id = a.governance_id)) as governances from protected_areas a`,
    );
    expect(whole).toEqual({ designations: true, governances: true });
    const [added] = await rooms.rows<{ id: number; highest: number }>(
      `with added as (insert into designations (name) values ('by hand') returning id) select added.id, (select max(id) from designations) as highest from added`,
    );
    expect(added?.id).toBeGreaterThan(added?.highest ?? Number.MAX_SAFE_INTEGER);
    await rooms.rows(`delete from designations where name = 'by hand'`);
    expect(
      await rooms.rows(
        `select conname, confrelid::regclass::text as to from pg_constraint where contype = 'f' and conrelid = 'pame_evaluations'::regclass and conname = 'fk_rails_405688aef8'`,
      ),
    ).toEqual([{ conname: 'fk_rails_405688aef8', to: 'pame_methods' }]);
    expect((await rooms.db.session(listBackups)).map((one) => one.stamp)).toEqual([stamp, MARCH]);
  });

  it('… and what was rolled back is promoted again', async () => {
    await rooms.prepare(release);
    expect((await rooms.swap(release)).outcome).toBe('swapped');
    expect(await rooms.rows('select label from releases where is_current')).toEqual([{ label: 'Jun2026' }]);
    const { code, ids } = await check(old.databaseUrl);
    expect([code, ids]).toEqual([0, ['backup-parts']]);
  });

  it('A7: statistics views that a pruning of its has dropped since are made again, as the website reads them', async () => {
    const columns = () =>
      rooms.rows<{ name: string; columns: number }>(
        `select attrelid::regclass::text as name, count(*)::int as columns from pg_attribute
         where attrelid in (to_regclass('regional_statistics_view'), to_regclass('aichi11_target_dashboard_view')) and attnum > 0 group by 1 order by 1`,
      );
    expect((await columns()).map((view) => view.columns)).toEqual([14, 21]);
    await rooms.rows(states.LOST_STATISTICS);
    expect((await check(old.databaseUrl)).ids).toContain('statistics-views');
    await runCommandLine(['adopt', '--yes'], { PP_DATABASE_URL: old.databaseUrl });
    expect((await columns()).map((view) => view.columns)).toEqual([14, 21]);
    expect(
      await ask(
        old.readerUrl,
        `select obj_type, count(*) > 0 as some from aichi11_target_dashboard_view group by 1 order by 1`,
      ),
    ).toEqual([
      { obj_type: 'country', some: true },
      { obj_type: 'region', some: true },
    ]);
  });

  it('A13: a rollback to a backup that no row of releases names asks whose it is', async () => {
    await rooms.rows(`update releases set backup_timestamp = null where label = 'Mar2026'`);
    await expect(rooms.rollback(release, MARCH)).rejects.toThrow(
      /^no row of releases names backup 2604010612, so no release would be current .* --release-id N, such as .*2 \(Mar2026\)/,
    );
    await expect(rooms.rollback(release, MARCH, { releaseId: release.releaseId })).rejects.toThrow(/is current/);
    await expect(rooms.rollback(release, MARCH, { releaseId: 99 })).rejects.toThrow(/there is no release 99/);
    expect((await rooms.rollback(release, MARCH, { releaseId: 2 })).outcome).toBe('rolled back');
    expect(await rooms.rows('select label from releases where is_current')).toEqual([{ label: 'Mar2026' }]);
  });
});
