import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDemoCsv } from '../../local/portal/csv.ts';
import { ask, createHarness, type ReleaseHarness } from '../support/release.ts';
import { digests } from '../support/state.ts';
import { APRIL, anotherRelease, createOldSystem, MARCH, type OldSystem, seedPortal } from './old_system/index.ts';
import { LOST_STATISTICS } from './old_system/states.ts';
import { check, readersSchema, runStatements } from './support.ts';

/** Ids by what names a row for good: what pictures, users' lists, bookmarks and search refer to. */
const IDS = `
  select 'site ' || site_id as name, id::text from protected_areas
  union all select 'parcel ' || site_id || '/' || site_pid, id::text from protected_area_parcels
  union all select 'evaluation ' || asmt_id, id::text from pame_evaluations where asmt_id is not null
  union all select 'designation ' || d.name || '/' || j.name, d.id::text from designations d join jurisdictions j on j.id = d.jurisdiction_id
  union all select 'authority ' || name, id::text from management_authorities
  order by 1, 2`;

/** Pictures and things of users, with the sites that they mean. */
const MEANT = `
  select 'image ' || i.id as thing, a.site_id from images i join protected_areas a on a.id = i.protected_area_id
  union all select 'item ' || i.id, a.site_id from project_items i join protected_areas a on a.id = i.item_id order by 1`;

interface Id {
  name: string;
  id: string;
}

describe.each(["the website's own role", 'a role of its own'])('from the old system and back, as %s', (who) => {
  const isOwn = who === 'a role of its own';
  let old: OldSystem;
  let harness: ReleaseHarness;
  let url: string;
  let schema: string[];
  let may: Record<string, string>;
  let meant: unknown[];
  let ids: Id[];
  let csvDir: string;
  const release = async (label: string, ...args: string[]) => {
    const { code, stderr } = await harness.pp(['start', label, ...args, '--wait']);
    expect([code, stderr]).toEqual([0, '']);
  };
  const listed = async () => (await harness.pp(['backups', 'list'])).stdout.trim().split('\n').slice(1);
  const current = async () =>
    (await harness.live<{ label: string }>('select label from releases where is_current'))[0]?.label;
  /** Columns, types, indexes, keys, rights and comments of all that the website reads are as before. */
  const expectSameSchema = async () => {
    const now = await readersSchema(old);
    expect(schema.filter((statement) => !now.includes(statement))).toEqual([]);
  };

  beforeAll(async () => {
    old = await createOldSystem();
    csvDir = mkdtempSync(join(tmpdir(), 'pp csv '));
    // The file of Aichi target 11 has no column for the three values that another program writes.
    await writeDemoCsv({ dir: csvDir, date: '2026-05-01', portalUrl: old.portalUrl });
    // Readers that the website has left on their own: the pruning of the old system drops the statistics views.
    if (isOwn) await ask(old.databaseUrl, LOST_STATISTICS);
    url = isOwn ? old.ownRoleUrl : old.databaseUrl;
    harness = await createHarness({ databases: { ...old, databaseUrl: url }, filled: false, worker: false });
  });
  afterAll(async () => {
    rmSync(csvDir, { recursive: true, force: true });
    await harness?.close();
  });

  it('a check names all that a DBA has to do, and migrate refuses until then with all of it at once', async () => {
    const { code, ids: found, findings } = await check(url);
    expect(code).toBe(3);
    expect(found.filter((id) => id.startsWith('rights-') || id === 'other-role')).toEqual([
      ...(isOwn ? ['rights-database', 'rights-owner', 'rights-schema', 'rights-table'] : []),
      ...['rights-server', 'rights-portal-schema', 'rights-portal-tables'],
      ...(isOwn ? ['other-role'] : []),
    ]);
    const early = await harness.pp(['migrate', '--portal-env', 'PORTAL'], { PORTAL: old.portalReaderUrl });
    expect([early.code, early.stderr]).toEqual([
      3,
      expect.stringMatching(
        /^pp-release: nothing was migrated, since the role lacks rights; a DBA runs: .*--json says what each is for\n$/s,
      ),
    ]);
    await runStatements(old, findings);
    expect((await check(url)).findings.filter(({ acts }) => acts === 'dba')).toEqual([]);
  });

  it('adopt and the link to the portal leave nothing in the way, of a release neither', async () => {
    expect((await harness.pp(['adopt', '--yes'])).code).toBe(0);
    const linked = await harness.pp(['migrate', '--portal-env', 'PORTAL'], { PORTAL: old.portalReaderUrl });
    expect([linked.code, linked.stderr]).toEqual([0, '']);
    const { code, findings } = await check(url);
    expect([code, findings]).toEqual([0, []]);
    const plan = await harness.pp(['plan']);
    expect([plan.code, plan.stderr]).toEqual([0, '']);
    await harness.restartWorker({ PP_KEEP_BACKUP_COUNT: '2', PP_CSV_DIR: csvDir });
    may = await digests(harness);
    schema = await readersSchema(old);
    meant = await harness.live(MEANT);
    ids = await harness.live(IDS);
    expect(meant).toHaveLength(40);
  });

  it('the first release goes live; ids, rights, columns, keys, indexes and comments are as before, and readers read', async () => {
    await release('Jun2026');
    await expectSameSchema();
    expect(await harness.live(MEANT)).toEqual(meant);
    const known = new Set((await harness.live<Id>(IDS)).map(({ name, id }) => `${name} ${id}`));
    expect(ids.map(({ name, id }) => `${name} ${id}`).filter((one) => !known.has(one))).toEqual([]);
    for (const readable of ['portal_downloads_protected_areas', 'aichi11_target_dashboard_view', 'protected_areas']) {
      expect(await ask(old.readerUrl, `select count(*) > 0 as some from ${readable}`)).toEqual([{ some: true }]);
    }
    // The website makes its downloads still.
    await ask(
      old.databaseUrl,
      'create view tmp_downloads_d4e5f6 as select * from portal_downloads_protected_areas limit 5; drop view tmp_downloads_d4e5f6',
    );
  });

  it('A3, A4, A5: what the website asks each site for is there still, no designation is doubled, and no value of another program lost', async () => {
    const [site] = await harness.live(
      `select count(*) filter (where designation_id is null) as designation, count(*) filter (where governance_id is null) as governance,
              count(*) filter (where legal_status_id is null) as status, count(*) filter (where management_authority_id is null) as authority
       from protected_areas`,
    );
    expect(site).toEqual({ designation: '0', governance: '0', status: '0', authority: '0' });
    expect(await harness.live('select name from designations where jurisdiction_id is null')).toEqual([]);
    expect(
      await harness.live(
        'select coverage_terrestrial::int as file, representative_global_value::float8 as value from aichi11_targets',
      ),
    ).toEqual([{ file: 17, value: 41.2 }]);
  });

  it("A10: the release has dropped none of the old system's backups", async () => {
    expect(await listed()).toEqual([
      expect.stringMatching(/ May2026 .* complete$/),
      expect.stringMatching(new RegExp(`^${APRIL} .*Apr2026 .* complete, of the old system$`)),
      expect.stringMatching(new RegExp(`^${MARCH} .*Mar2026 .* complete, of the old system$`)),
    ]);
  });

  if (isOwn)
    it('a rollback to a backup that the old system made works, and the way forward again', async () => {
      const june = await digests(harness);
      const april = await digests(harness, `bk${APRIL}_`);
      const back = await harness.pp(['rollback', APRIL, '--wait']);
      expect([back.code, back.stderr]).toEqual([0, '']);
      expect([await current(), await digests(harness)]).toEqual(['Apr2026', april]);
      await expectSameSchema();
      await release('Jun2026', '--start-at', 'finalise_swap');
      expect([await current(), await digests(harness)]).toEqual(['Jun2026', june]);
      await expectSameSchema();
    });
  else {
    it("a rollback to the old system's last release gives its rows again, and what was rolled back is promoted again", async () => {
      const june = await digests(harness);
      const [{ stamp = '' } = {}] = await harness.live<{ stamp: string }>(
        `select to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp from releases where label = 'May2026'`,
      );
      const back = await harness.pp(['rollback', stamp, '--wait']);
      expect([back.code, back.stderr]).toEqual([0, '']);
      expect([await current(), await digests(harness)]).toEqual(['May2026', may]);
      await expectSameSchema();
      expect(await harness.live(MEANT)).toEqual(meant);
      await release('Jun2026', '--start-at', 'finalise_swap');
      expect([await current(), await digests(harness)]).toEqual(['Jun2026', june]);
    });

    it('cleaning leaves those of the old system until a person says that they count', async () => {
      expect((await harness.pp(['backups', 'clean', '--keep', '1'])).code).toBe(0);
      expect((await listed()).map((line) => /of the old system/.test(line))).toEqual([false, true, true]);
      expect((await harness.pp(['backups', 'clean', '--keep', '2', '--old-system'])).code).toBe(0);
      expect((await listed()).map((line) => /of the old system/.test(line))).toEqual([false, true]);
      const [left] = await harness.live(
        `select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace and relname ~ '^bk${MARCH}_'`,
      );
      expect(left).toEqual({ n: 0 });
      await expectSameSchema();
    });

    it('the old system makes a release again over what is left; adopt takes that over, and the next month is ours', async () => {
      const [{ stamp = '' } = {}] = await harness.live<{ stamp: string }>(
        `select to_char(now() at time zone 'utc' + interval '3 hours', 'YYMMDDHH24MI') as stamp`,
      );
      await anotherRelease(old, 'Jul2026', stamp);
      const { code, ids: found } = await check(url);
      expect([code, found]).toEqual([
        3,
        ['backup', 'backup-keys', 'backup-read', 'stamp', 'restart', 'values', 'search-and-caches'],
      ]);
      expect((await harness.pp(['adopt', '--yes'])).code).toBe(0);
      expect(await check(url)).toMatchObject({ code: 0, findings: [] });
      // Rights and comments went with what was live: the swap of the old system carries none over.
      schema = await readersSchema(old);
      expect((await listed())[0]).toMatch(new RegExp(`^${stamp} .*Jun2026 .* complete, of the old system$`));
      await seedPortal(old.portalUrl, old.sites, 1);
      await release('Aug2026');
      expect(await current()).toBe('Aug2026');
      await expectSameSchema();
    });
  }
});
