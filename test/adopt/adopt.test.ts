import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../client/doctor/check.ts';
import { ask, runCommandLine } from '../support/release.ts';
import { APRIL, createOldSystem, MARCH, type OldSystem } from './old_system/index.ts';
import { type Checked, check, readersSchema, runStatements, wholeDump } from './support.ts';

describe("adopting a database of the old system as the website's own role", () => {
  let old: OldSystem;
  let checked: Checked;

  beforeAll(async () => {
    old = await createOldSystem();
  });
  afterAll(() => old?.drop());

  const pp = (...args: string[]) =>
    runCommandLine(args, { PP_DATABASE_URL: old.databaseUrl, PP_OPERATOR: 'Ada', TEMPORAL_ADDRESS: '127.0.0.1:1' });

  it('a check says what a DBA has to do, with whole statements, what adopt would do, and writes nothing', async () => {
    const before = await wholeDump(old);
    checked = await check(old.databaseUrl);
    const { code, ids, findings, stderr } = checked;
    expect(ids).toEqual([
      ...['rights-server', 'rights-portal-schema', 'rights-portal-tables'],
      ...['migrations', 'backup', 'backup-keys', 'stamp', 'restart', 'values', 'search-and-caches'],
    ]);
    expect([code, stderr]).toEqual([3, expect.stringContaining('findings are in the way of releases')]);
    expect(findings.filter(({ acts }) => acts === 'dba').flatMap(({ statements }) => statements)).toEqual([
      `alter server "portal_srv" owner to "${old.website}"`,
      `alter schema "portal_fdw" owner to "${old.website}"`,
      `alter foreign table "portal_fdw"."spatial_data" owner to "${old.website}"`,
    ]);
    const text = await pp('adopt', '--check');
    expect(text.code).toBe(3);
    expect(text.stdout).toContain('4 releases of the old system, current is May2026');
    expect(text.stdout).toContain(`    alter server "portal_srv" owner to "${old.website}";`);
    expect(Math.max(...text.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(130);
    expect(await wholeDump(old)).toBe(before);
  });

  it('adopt does nothing before a DBA has acted, nor without a yes', async () => {
    const before = await wholeDump(old);
    const unasked = await pp('adopt');
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('adopt --check')]);
    const both = await pp('adopt', '--check', '--yes');
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('give one of them')]);
    const early = await pp('adopt', '--yes');
    expect([early.code, early.stderr]).toEqual([3, expect.stringContaining('nothing was changed: a DBA has to act')]);
    expect(await wholeDump(old)).toBe(before);
  });

  it('the statements are all that a DBA has to run', async () => {
    await runStatements(old, checked.findings);
    const { findings } = await check(old.databaseUrl);
    expect(findings.filter(({ acts }) => acts === 'dba')).toEqual([]);
  });

  it('doctor sends an operator to adopt, and not to migrate', async () => {
    const { code, stdout } = await pp('doctor', '--timeout', '12', '--only', 'database.migrations', '--json');
    const { checks } = JSON.parse(stdout) as { checks: Outcome[] };
    const found = checks.filter(({ remedy }) => remedy !== null).map(({ id, remedy }) => [id, remedy?.commands]);
    expect([code, found]).toEqual([1, [['database.migrations', ['pp-release adopt']]]]);
  });

  it('adopt does nothing while a release of the old system runs', async () => {
    const { createPool } = await import('../../activities/postgres/database.ts');
    const pool = createPool(old.databaseUrl, 1);
    const session = await pool.connect();
    await session.query('select pg_advisory_lock(42000001)');
    const { code, stdout } = await pp('adopt', '--yes');
    expect([code, stdout]).toEqual([3, expect.stringContaining('lock-held')]);
    session.release(true);
    await pool.end();
  });

  it('with a yes it migrates, records the backups, mends stamps and drops keys; what readers have stays as it was', async () => {
    const before = await readersSchema(old);
    const { code, stdout, stderr } = await pp('adopt', '--yes', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect((JSON.parse(stdout) as { done: { id: string }[] }).done.map(({ id }) => id)).toEqual([
      ...['backup', 'backup', 'backup-keys', 'stamp', 'stamp'],
    ]);
    const after = await readersSchema(old);
    expect(before.filter((statement) => !after.includes(statement)).map((s) => s.slice(0, 30))).toEqual([
      'CREATE TABLE public.releases (',
    ]);
    expect(
      after
        .filter((statement) => !before.includes(statement) && !/FUNCTION/.test(statement))
        .map((s) => s.slice(0, 30)),
    ).toEqual(['CREATE INDEX index_releases_on', 'CREATE TABLE public.releases (']);
    expect(
      await ask(
        old.databaseUrl,
        `select label, to_char(backup_timestamp, 'YYMMDDHH24MI') as stamp from releases where backup_timestamp is not null order by id`,
      ),
    ).toEqual([
      { label: 'Mar2026', stamp: MARCH },
      { label: 'Apr2026', stamp: APRIL },
    ]);
    expect(await ask(old.databaseUrl, 'select distinct adopted_by from pp_release.adoption')).toEqual([
      { adopted_by: 'Ada' },
    ]);
  });

  it('then nothing is left, and a second adopt does nothing', async () => {
    const { code, findings, ids } = await check(old.databaseUrl);
    expect([code, ids, findings]).toEqual([0, [], []]);
    const again = await pp('adopt', '--yes');
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing is to be adopted')]);
  });

  it('its backups are listed as what they are', async () => {
    const { stdout } = await pp('backups', 'list');
    const lines = stdout.trim().split('\n').slice(1);
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^${APRIL}  3 Apr2026 .* complete, of the old system$`)),
      expect.stringMatching(new RegExp(`^${MARCH}  2 Mar2026 .* complete, of the old system$`)),
    ]);
  });
});
