import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStagingViews, indexStagingViews } from '../../activities/portal/materialized_views.ts';
import { insertRelease, type ReleaseRef, refOf } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { type ImportResult, runImporter } from '../../activities/staging/importer.ts';
import { writeManifest } from '../../activities/staging/manifest.ts';
import { validateStaging } from '../../activities/staging/validate.ts';
import { openPortalRows, type PortalRows } from '../support/portal_rows.ts';

const SITES = 40;
const QUIET = () => undefined;

let portal: PortalRows;
let release: ReleaseRef;

/** Sites 1000 to 1039; two evaluations and two certificates each, those of the last site first. */
beforeAll(async () => {
  portal = await openPortalRows();
  const { db, importers } = portal.rooms;
  const source_id = await portal.source({ originator_id: 1, data_title: 'One' });
  const pame_source_id = await portal.pameSource({ eff_metaid: 1 });
  for (let n = SITES - 1; n >= 0; n--) {
    const site = 1000 + n;
    await portal.site({ site, type: n === 2 ? null : 'PA', columns: { source_id } });
    for (const _ of [1, 2]) {
      await portal.evaluation({ site, columns: { pame_source_id } });
      await portal.greenList({ site });
    }
  }
  release = await db.transaction(async (session) =>
    refOf(session, await insertRelease(session, { label: 'Jan2027', mode: 'dry-run', workflowId: 's', runId: 's' })),
  );
  await createStagingViews(db);
  await indexStagingViews(db);
  const imported = new Set(importers.flatMap(({ fills }) => fills));
  await buildStaging(db, { releaseId: release.releaseId, lightweight: true, imported });
});
afterAll(() => portal?.close());

const importers = () => portal.rooms.importers.map(({ name }) => name);

async function importAll(sample: number | undefined): Promise<Record<string, ImportResult>> {
  const results: Record<string, ImportResult> = {};
  for (const importer of portal.rooms.importers) {
    results[importer.name] = await runImporter(portal.rooms.db, release, importer, { sample, onStep: QUIET });
  }
  return results;
}

const sitesOf = async (table: string) =>
  (await portal.rooms.rows<{ site_id: number }>(`select distinct site_id from ${table} order by 1`)).map(
    ({ site_id }) => site_id,
  );

describe('a sample', () => {
  let results: Record<string, ImportResult>;
  beforeAll(async () => {
    results = await importAll(5);
  });

  it('has at most so many rows of each view', () => {
    expect(results.protected_areas?.counts).toMatchObject({ protected_areas: 4 });
    expect(results.pame?.counts).toMatchObject({ pame_evaluations: 4 });
    expect(results.green_list?.counts).toMatchObject({ green_list_statuses: 4 });
  });

  it('takes the records of its sites, and sets aside only what says something about them', async () => {
    expect(await sitesOf('staging_protected_areas')).toEqual([1000, 1001, 1003, 1004]);
    expect(await sitesOf('staging_pame_evaluations')).toEqual([1003, 1004]);
    // Five records each, those of 1004 and 1003 and one of 1002, which has no site type.
    expect(Object.values(results).map(({ importer, softErrors }) => [importer, softErrors])).toEqual([
      ['sources', 0],
      ['protected_areas', 1],
      ['green_list', 1],
      ['pame_sources', 0],
      ['pame', 1],
    ]);
  });

  it('passes as a sample of that size, and as nothing else', async () => {
    const validate = (sample: number | undefined) =>
      validateStaging(portal.rooms.db, release, { importers: importers(), sample });
    await validate(5);
    await expect(validate(undefined)).rejects.toMatchObject({
      type: 'StagingUnfit',
      message: expect.stringMatching(
        /Jan2027.* holds a sample of 5 rows a view .*protected_areas.* this run is for all rows; .*import_core without --sample/,
      ),
    });
    await expect(validate(6)).rejects.toThrow(/a sample of 5 .* for a sample of 6; .* with --sample 6/);
  });

  it('larger than any view, beyond int4, is everything, but a sample still', async () => {
    const all = await importAll(3_000_000_000);
    expect(all.protected_areas?.counts).toMatchObject({ protected_areas: SITES - 1 });
    expect(all.pame?.counts).toMatchObject({ pame_evaluations: 2 * (SITES - 1) });
    expect(all.green_list?.counts).toMatchObject({ green_list_statuses: 2 * (SITES - 1) });
    await validateStaging(portal.rooms.db, release, { importers: importers(), sample: 3_000_000_000 });
  });
});

describe('the manifest', () => {
  const write = (names = importers()) => writeManifest(portal.rooms.db, release, { importers: names });

  it('is the one that is there, unless something else than its time would change', async () => {
    await importAll(undefined);
    const first = await write();
    expect((await write()).manifest).toEqual(first.manifest);

    await portal.rooms.rows(
      `insert into pp_release.rejects (release_id, importer, reason, row_key) values ($1, 'pame', 'found later', 'x')`,
      [release.releaseId],
    );
    const second = await write();
    expect(second.manifest.soft_errors).toContainEqual({ importer: 'pame', reason: 'found later', rows: 1 });
    expect(second.summary.digest).not.toBe(first.summary.digest);

    await portal.rooms.rows(
      `update pp_release.import_marks set inputs = '[{"file": "a.csv", "sha256": "1", "rows": 2}]'
       where release_id = $1 and importer = 'protected_areas'`,
      [release.releaseId],
    );
    const third = await write();
    expect(third.manifest.files).toEqual([{ importer: 'protected_areas', file: 'a.csv', sha256: '1', rows: 2 }]);

    const fourth = await write(importers().slice(1));
    expect(fourth.manifest.importers).toEqual(importers().slice(1));
    expect(fourth.manifest.fingerprints).toEqual(first.manifest.fingerprints);
    expect(new Set([first, second, third, fourth].map(({ summary }) => summary.digest)).size).toBe(4);
  });
});
