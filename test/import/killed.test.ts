import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStagingViews } from '../../activities/portal/materialized_views.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { type ImportResult, runImporter } from '../../activities/staging/importer.ts';
import { type Importer, importers, tables } from '../../catalog/index.ts';
import { writeDemoCsv } from '../../local/portal/csv.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';
import { interrupted } from './halting.ts';

type Contents = Record<string, string>;

let csvDir: string;
let rooms: Rooms;
let release: ReleaseRef;
/** What an import of the release leaves when nothing disturbs it. */
let undisturbed: Contents;

beforeAll(async () => {
  csvDir = mkdtempSync(join(tmpdir(), 'pp csv '));
  rooms = await openRooms(100, undefined, csvDir);
  await rooms.seed(0);
  for (const date of ['2027-01-01', '2027-02-01']) {
    await writeDemoCsv({ dir: csvDir, date, portalUrl: rooms.databases.portalUrl });
  }
  await rooms.release('Jan2027');
  // A later month: rows that stay, change, go and come.
  await rooms.seed(2);
  release = await rooms.stage('Feb2027');
  undisturbed = await contents();
});
afterAll(async () => {
  rmSync(csvDir, { recursive: true, force: true });
  await rooms?.close();
});

/** Digest of the sorted rows of every staging table, ids and dates included, and of the rows set aside. */
async function contents(row = 't::text'): Promise<Contents> {
  const rejects = `(select importer, reason, row_key, details from pp_release.rejects
                    where release_id = (select release_id from pp_release.staging))`;
  const changes = `(select importer, relation, row_id, column_name, before_value, after_value from pp_release.live_changes
                    where release_id = (select release_id from pp_release.staging))`;
  const digest = (name: string, from: string) =>
    `select '${name}' as name, count(*) || ' ' || md5(coalesce(string_agg(${row}, '' order by ${row}), '')) as digest from ${from} t`;
  const digests = tables.map(({ name }) => digest(name, `staging_${name}`));
  const rows = await rooms.rows<{ name: string; digest: string }>(
    [...digests, digest('rejects', rejects), digest('changes in place', changes)].join(' union all '),
  );
  return Object.fromEntries(rows.map((found) => [found.name, found.digest]));
}

/** Empty staging tables for the release, and no completion marks. */
async function rebuild(): Promise<void> {
  const imported = new Set(importers.flatMap(({ fills }) => fills));
  await buildStaging(rooms.db, { releaseId: release.releaseId, lightweight: false, imported });
}

const importNow = (importer: Importer): Promise<ImportResult> =>
  runImporter(rooms.db, release, importer, { csvDir, onStep: () => undefined });

describe('an importer that is killed leaves nothing, and run again the same as ever', () => {
  beforeAll(async () => {
    await rebuild();
    expect(await contents()).not.toEqual(undisturbed);
  });

  // In the catalog's order: each test leaves its importer's tables for those after it.
  for (const importer of importers) {
    it(`${importer.name}: its session ended after each of its statements`, async () => {
      const before = await contents();
      const failure = (nth: number) =>
        interrupted(rooms, release, importer, nth, ({ pid }) =>
          withClient(rooms.databases.superuserUrl, (client) => client.query('select pg_terminate_backend($1)', [pid])),
        );
      let nth = 1;
      for (let error = await failure(nth); error; error = await failure(++nth)) {
        expect(String(error)).toMatch(/terminating connection|Connection terminated/);
        expect([nth, await contents()]).toEqual([nth, before]);
      }
      // The last of them had no such statement: it went through.
      expect(nth).toBeGreaterThan(1);
      expect(await importNow(importer)).toMatchObject({ alreadyDone: true });
    });
  }

  it('all of them together: every table as if nothing had happened', async () => {
    expect(await contents()).toEqual(undisturbed);
  });
});

describe('an importer whose worker is gone without a word', () => {
  beforeAll(rebuild);

  for (const importer of importers) {
    it(`${importer.name}: the next worker waits for what is left of the session, and imports`, async () => {
      const cutOff = ({ client }: { client: unknown }) =>
        (client as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect(await interrupted(rooms, release, importer, 1, cutOff)).toBeInstanceOf(Error);
      const result = await importNow(importer);
      expect(result.alreadyDone).toBeUndefined();
      for (const [table, rows] of Object.entries(result.counts)) {
        if (importer.fills.includes(table)) {
          expect([table, String(rows)]).toEqual([table, undisturbed[table]?.split(' ')[0]]);
        }
      }
    });
  }

  it('all of them together: every table as if nothing had happened', async () => {
    expect(await contents()).toEqual(undisturbed);
  });
});

describe('an importer that is run once more', () => {
  const files = () =>
    rooms.rows(
      `select relname, relfilenode::int from pg_class where relname ~ '^staging_' and relkind = 'r' order by 1`,
    );

  it('does nothing while its input is the same', async () => {
    const [before, marks] = [await files(), await rooms.rows('select * from pp_release.import_marks order by 1, 2')];
    for (const importer of importers) expect(await importNow(importer)).toMatchObject({ alreadyDone: true });
    expect(await files()).toEqual(before);
    expect(await contents()).toEqual(undisturbed);
    expect(await rooms.rows('select * from pp_release.import_marks order by 1, 2')).toEqual(marks);
  });

  it('of views that were filled anew, imports again, as do those that read its rows, and gives the same', async () => {
    await createStagingViews(rooms.db);
    const ofSites = ['country_statistics', 'story_map_links'];
    for (const importer of importers) {
      const again = importer.reads.length > 0 || ofSites.includes(importer.name);
      expect([importer.name, (await importNow(importer)).alreadyDone]).toEqual([
        importer.name,
        again ? undefined : true,
      ]);
    }
    expect(await contents()).toEqual(undisturbed);
  });

  it('into staging that was built anew gives the same rows', async () => {
    await rebuild();
    for (const importer of importers) await importNow(importer);
    expect(await contents()).toEqual(undisturbed);
  });

  it('for another release of the same portal gives the same rows but for their dates', async () => {
    const undated = `(to_jsonb(t) - '{created_at,updated_at}'::text[])::text`;
    const before = await contents(undated);
    await rooms.stage('Mar2027');
    expect(await contents(undated)).toEqual(before);
  });
});
