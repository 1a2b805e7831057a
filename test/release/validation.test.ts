import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../activities/postgres/database.ts';
import { type ReleaseRef, refOf } from '../../activities/postgres/releases.ts';
import { requireUnchanged } from '../../activities/staging/manifest.ts';
import { validateStaging } from '../../activities/staging/validate.ts';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releaseOf } from '../support/state.ts';
import { statusOf } from '../support/waiting.ts';

let harness: ReleaseHarness;
let pool: pg.Pool;
let db: Database;

beforeAll(async () => {
  harness = await createHarness();
  pool = new pg.Pool({ connectionString: harness.databases.databaseUrl });
  db = new Database(pool, { applicationName: 'test' });
  expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
});
afterAll(async () => {
  await pool?.end();
  await harness?.close();
});

/** What the steps of the newest release of a label know of it. */
async function refTo(label: string): Promise<ReleaseRef> {
  const { id } = await releaseOf(harness, label);
  return db.session((session) => refOf(session, id));
}

async function succeed(...args: string[]): Promise<void> {
  const { code, stderr } = await harness.pp([...args, '--wait']);
  expect([code, stderr]).toEqual([0, '']);
}

const count = async (from: string): Promise<number> => {
  const [row] = await harness.live<{ n: number }>(`select count(*)::int as n from ${from}`);
  return row?.n ?? -1;
};

describe('staging', () => {
  const foreignKeys = () => count(`pg_constraint where contype = 'f' and conrelid::regclass::text ~ '^staging_'`);

  it('has no foreign keys while the tables that they lead to are empty still', async () => {
    await succeed('start', 'May2026', '--stop-after', 'import_core');
    expect(await foreignKeys()).toBe(0);
    expect(await count(`pg_indexes where tablename = 'staging_protected_areas'`)).toBeGreaterThan(5);
    await succeed('start', 'May2026', '--start-at', 'import_related', '--mode', 'dry-run');
    expect(await foreignKeys()).toBeGreaterThan(2);
  });
});

describe('validation says what is wrong, with counts and a key:', () => {
  let release: ReleaseRef;
  beforeAll(async () => {
    release = await refTo('May2026');
  });

  async function validate(): Promise<string> {
    const marks = await harness.live<{ importer: string }>('select importer from pp_release.import_marks');
    const importers = ['pame', ...marks.map(({ importer }) => importer).filter((name) => name !== 'pame')];
    return validateStaging(db, release, { importers }).then(
      () => 'fit',
      (error: Error) => error.message,
    );
  }

  it('an importer that has not finished', async () => {
    expect(await validate()).toBe('fit');
    const kept = `create table kept as select * from pp_release.import_marks where importer = 'pame'`;
    await harness.live(`${kept}; delete from pp_release.import_marks where importer = 'pame'`);
    expect(await validate()).toMatch(/^importers without a completion mark: pame; run the release from import_core/);
    await harness.live('insert into pp_release.import_marks select * from kept; drop table kept');
    expect(await validate()).toBe('fit');
  });

  it('a site that is lost', async () => {
    const [first] = await harness.live<{ site_id: number }>(
      'select min(site_id) as site_id from staging_protected_areas',
    );
    await harness.live('delete from staging_protected_areas where site_id = $1', [first?.site_id]);
    expect(await validate()).toBe(
      `staging is not fit to publish: sites of the portal views are neither in staging_protected_areas nor among the rejects (lost "1", sample [${first?.site_id}])`,
    );
  });

  it('no geometry, no sources, no sites: all together', async () => {
    await harness.live('update staging_protected_areas set the_geom = null');
    await harness.live('update staging_protected_area_parcels set the_geom = null');
    expect(await validate()).toContain(
      'neither staging_protected_areas nor staging_protected_area_parcels has a geometry; sites of the portal views',
    );
    await harness.live('truncate staging_sources, staging_protected_areas');
    expect(await validate()).toMatch(
      /publish: staging_protected_areas has no rows; staging_sources has no rows; neither .* \(lost "300", sample \[\d+(,\d+){4}\]\)$/,
    );
  });

  it('and the release does not go on', async () => {
    const { code, stderr } = await harness.pp(['start', 'May2026', '--start-at', 'validate_and_manifest', '--wait']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('staging_protected_areas has no rows')]);
    expect(await releaseOf(harness, 'May2026')).toMatchObject({ state: 'failed', is_current: false });
  });
});

describe('a sample', () => {
  const only = ['--only', 'sources,protected_areas,pame', '--skip', 'pame'];

  it('is what import --sample makes, of the importers that are named and not skipped', async () => {
    await succeed('import', 'Jun2026', '--sample', '10', ...only);
    const importers = await harness.live(
      'select importer, sample from pp_release.import_marks where release_id = (select max(id) from releases) order by 1',
    );
    expect(importers).toEqual([
      { importer: 'protected_areas', sample: '10' },
      { importer: 'sources', sample: '10' },
    ]);
    expect(await count('staging_protected_areas')).toBeLessThanOrEqual(20);
  });

  it('does not go live, with its manifest or without', async () => {
    const before = await liveState(harness);
    const message = /sample of (at most )?10 rows a view.*run .*from import_core without --sample/s;
    for (const phase of ['validate_and_manifest', 'finalise_swap']) {
      const { code, stderr } = await harness.pp(['start', 'Jun2026', ...only, '--start-at', phase, '--wait']);
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      if (phase === 'validate_and_manifest') {
        await succeed('start', 'Jun2026', '--sample', '10', ...only, '--start-at', phase);
      }
    }
    // Should its marks be gone: the manifest says it too.
    await expect(requireUnchanged(db, await refTo('Jun2026'))).rejects.toThrow(message);
    expect(await liveState(harness)).toEqual(before);
    expect(await lockIsFree(harness)).toBe(true);
  });
});

describe('a release that leaves an importer out', () => {
  it('drops the rows of live that name a site which is gone, and notes them', async () => {
    const [gone] = await harness.live<{ site_id: number; id: number }>(
      `select a.site_id, a.id from protected_areas a join pame_evaluations e on e.protected_area_id = a.id
       join countries_pame_evaluations j on j.pame_evaluation_id = e.id order by 1 limit 1`,
    );
    const evaluations = await harness.live<{ id: number }>(
      'select id from pame_evaluations where protected_area_id = $1 order by id',
      [gone?.id],
    );
    const others = () =>
      harness.live('select * from pame_evaluations where protected_area_id is distinct from $1 order by id', [
        gone?.id,
      ]);
    const before = await others();
    await harness.portal('update wdpa.wdpas set archived_at = now() where site_id = $1', [gone?.site_id]);
    await succeed('start', 'Jul2026', '--skip', 'pame');
    expect(await count(`protected_areas where site_id = ${gone?.site_id}`)).toBe(0);
    expect(await harness.live('select * from pame_evaluations order by id')).toEqual(before);
    const junction = 'countries_pame_evaluations where pame_evaluation_id';
    expect(await count(`${junction} not in (select id from pame_evaluations)`)).toBe(0);
    const notes = await harness.live(
      `select row_key, severity, details from pp_release.rejects
       where release_id = (select max(id) from releases) and importer = 'carried over' and reason ~ '^pame_evaluations: left out, it names a row of protected_areas that is gone'
       order by row_key::int`,
    );
    expect(notes).toEqual(
      evaluations.map(({ id }) => ({ row_key: `${id}`, severity: 'note', details: { protected_area_id: gone?.id } })),
    );
  });
});

describe('an importer that was left out, and runs later after all', () => {
  it('has its own rows in staging then, also where those of live had to be mended before', async () => {
    const [gone] = await harness.live<{ site_id: number; id: number }>(
      `select a.site_id, a.id from protected_areas a join pame_evaluations e on e.protected_area_id = a.id order by 1 limit 1`,
    );
    await harness.portal('update wdpa.wdpas set archived_at = now() where site_id = $1', [gone?.site_id]);
    // The source of evaluations that live has goes, too: they lose it, and a foreign key is there by the second time.
    const [source] = await harness.live<{ id: number }>('select min(pame_source_id)::int as id from pame_evaluations');
    await harness.portal('update pame.pame_sources set eff_metaid = eff_metaid + 1000000 where eff_metaid = $1', [
      source?.id,
    ]);
    await succeed('import', 'Sep2026', '--skip', 'pame');
    const carriedOver = () =>
      count(`pp_release.rejects where importer = 'carried over' and release_id = (select max(id) from releases)`);
    expect(await carriedOver()).toBeGreaterThan(1);
    const before = await harness.live('select * from staging_pame_evaluations order by id');
    // Run again, it mends the same rows.
    await succeed('start', 'Sep2026', '--only-phases', 'import_related', '--skip', 'pame');
    expect(await harness.live('select * from staging_pame_evaluations order by id')).toEqual(before);
    expect(await carriedOver()).toBeGreaterThan(1);

    await harness.portal(`update pame.pame set submit_year = 1999`);
    await succeed('import', 'Sep2026', '--resume');
    await succeed('start', 'Sep2026', '--start-at', 'create_staging_materialized_views', '--mode', 'dry-run');
    expect(await carriedOver()).toBe(0);
    expect(await harness.live('select distinct submit_year from staging_pame_evaluations')).toEqual([
      { submit_year: 1999 },
    ]);
  });

  it('cannot be left out again where its rows are neither its own any more nor those of live', async () => {
    await succeed('start', 'Oct2026', '--mode', 'dry-run', '--skip', 'pame');
    await succeed('start', 'Oct2026', '--only-phases', 'import_related', '--only', 'pame');
    await harness.portal('update wdpa.wdpas set reported_area = reported_area + 1');
    await succeed('start', 'Oct2026', '--only-phases', 'create_staging_materialized_views,preflight');
    const { code, stderr } = await harness.pp([
      'start',
      'Oct2026',
      '--start-at',
      'import_core',
      '--skip',
      'pame',
      '--mode',
      'dry-run',
      '--wait',
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('importers without a completion mark: pame')]);
  });
});

describe('the progress of an importer that stands still', () => {
  it('is told as bytes done of about those of live', async () => {
    const other = await harness.session('somebody');
    await other.query('begin; lock table countries');
    expect((await harness.pp(['start', 'Aug2026'])).code).toBe(0);
    const step = await eventually('sites are written, and their countries are not', async () => {
      const { pending } = await statusOf(harness);
      return pending.find(({ amount, detail }) => amount && amount.done > 0 && detail?.startsWith('join sites'));
    });
    expect(step).toMatchObject({ step: 'importer protected_areas', amount: { unit: 'bytes' } });
    expect(step.amount?.expected).toBeGreaterThan(0);
    const { stdout } = await harness.pp(['status']);
    expect(stdout).toMatch(
      /protected_areas.*join sites and parcels to countries and sources \(step \d+ of \d+\), .* of about /s,
    );
    await other.query('rollback');
    await other.end();
    expect(await harness.pp(['watch', 'Aug2026'])).toMatchObject({ code: 0 });
  });
});
