import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropBackup } from '../../activities/live/backups.ts';
import { createStagingViews } from '../../activities/portal/materialized_views.ts';
import { preflight } from '../../activities/portal/preflight.ts';
import type { ReleaseRef } from '../../activities/postgres/releases.ts';
import { buildStaging } from '../../activities/staging/build.ts';
import { runImporter } from '../../activities/staging/importer.ts';
import { requireUnchanged } from '../../activities/staging/manifest.ts';
import { requireMarks, validateStaging } from '../../activities/staging/validate.ts';
import type { FailureType } from '../../contracts/index.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

const run = promisify(execFile);

/** What says no because of what it met. The others are no refusals: the server, the network, the release lock, a late attempt. */
type Refusal = Exclude<
  FailureType,
  | 'Fenced'
  | 'PortalUnavailable'
  | 'DatabaseUnavailable'
  | 'DatabaseBusy'
  | 'DatabaseError'
  | 'BadData'
  | 'OutOfResources'
  | 'ConfigurationError'
  // Asked of a workflow, before any room is entered: test/release/lock, review and retry.
  | 'LockHeld'
  | 'Refused'
  // An importer that fails is undone as a whole: test/import/killed and csv_files.
  | 'ImportFailed'
>;

interface Scene {
  title: string;
  /** As superuser, and how to undo it. */
  arrange?: [string, string];
  act(
    rooms: Rooms,
    at: { first: ReleaseRef; live: ReleaseRef; staged: ReleaseRef; stamp: string; old: string },
  ): Promise<unknown>;
  says: RegExp;
}

const OPTIONS = { discardStaging: true };

/** Each type of refusal that the code knows. A type without a scene does not compile. */
const SCENES: Record<Refusal, Scene[]> = {
  BadInput: [
    {
      title: 'a stamp that is none',
      act: (rooms, { live }) => rooms.rollback(live, '26', OPTIONS),
      says: /is no backup stamp/,
    },
  ],
  RollbackRefused: [
    {
      title: 'a backup that is not there, with --discard-staging',
      act: (rooms, { live }) => rooms.rollback(live, '2001010000', OPTIONS),
      says: /there is no backup 2001010000/,
    },
    {
      title: 'a backup that lacks relations, with --discard-staging',
      act: (rooms, { live, old }) => rooms.rollback(live, old, OPTIONS),
      says: /is incomplete: it lacks portal_iso3_agg/,
    },
    {
      title: 'staging that a dry run keeps',
      act: (rooms, { live, stamp }) => rooms.rollback(live, stamp),
      says: /staging holds release .*--discard-staging/,
    },
  ],
  SwapRefused: [
    {
      title: 'a rollback to a backup of another shape, with --discard-staging',
      arrange: [
        'alter table bk$STAMP_sources rename scale to size',
        'alter table bk$STAMP_sources rename size to scale',
      ],
      act: (rooms, { live, stamp }) => rooms.rollback(live, stamp, OPTIONS),
      says: /column scale is missing/,
    },
    {
      title: 'a rollback with a table of others in the way, with --discard-staging',
      arrange: ['create table staging_next_releases ()', 'drop table staging_next_releases'],
      act: (rooms, { live, stamp }) => rooms.rollback(live, stamp, OPTIONS),
      says: /table public\.staging_next_releases .* stands where a release needs room/,
    },
    {
      title: 'a rollback that may not carry a property, with --discard-staging',
      arrange: [
        'create role owner_$PID; grant owner_$PID to pp_release; create materialized view theirs as select count(*) as n from sources; alter materialized view theirs owner to owner_$PID; grant select on theirs to pp_release',
        'drop materialized view theirs; drop role owner_$PID',
      ],
      act: (rooms, { live, stamp }) => rooms.rollback(live, stamp, OPTIONS),
      says: /theirs/,
    },
    {
      title: 'a swap with a table that inherits',
      arrange: ['create table more_sources () inherits (sources)', 'drop table more_sources'],
      act: (rooms, { staged }) => rooms.prepare(staged),
      says: /sources is a partition, a partitioned table, or has a parent or children/,
    },
    {
      title: 'a swap after an edited lookup',
      arrange: [
        `update realms set name = name || '!' where id = (select min(id) from realms)`,
        `update realms set name = rtrim(name, '!')`,
      ],
      act: (rooms, { staged }) => rooms.prepare(staged),
      says: /realms \(rows with id \d+\) edited in live/,
    },
    {
      title: 'a swap with rows elsewhere whose source is gone',
      arrange: [
        `create table gone as select * from staging_sources where id = (select max(id) from staging_sources);
         delete from staging_sources where id = (select id from gone);
         create table cites (id int references sources (id)); alter table cites owner to pp_release; insert into cites select id from gone`,
        'drop table cites; insert into staging_sources select * from gone; drop table gone',
      ],
      act: (rooms, { staged }) => rooms.prepare(staged),
      says: /rows of public\.cites refer to rows of public\.sources that the new release no longer has/,
    },
    {
      title: 'a backup that others have built on, when it is to be dropped',
      arrange: ['create view needed as select id from bk$STAMP_sources', 'drop view needed'],
      act: (rooms, { stamp }) => rooms.db.transaction((session) => dropBackup(session, stamp)),
      says: /cannot be dropped: .*needed/,
    },
  ],
  PreflightFailed: [
    {
      title: 'a table of others under a name that staging needs, when the views are made',
      arrange: [
        'alter table staging_sources rename to kept_away; create table staging_sources ()',
        'drop table staging_sources; alter table kept_away rename to staging_sources',
      ],
      act: (rooms) => createStagingViews(rooms.db),
      says: /table public\.staging_sources .* stands where/,
    },
    {
      title: 'a view of staging that is missing',
      arrange: [
        'alter materialized view staging_portal_standard_pame rename to away',
        'alter materialized view away rename to staging_portal_standard_pame',
      ],
      act: (rooms) => preflight(rooms.db, { allowEmpty: [] }),
      says: /views missing: staging_portal_standard_pame/,
    },
    {
      title: 'a live table whose owner may not create',
      arrange: [
        'create role group_$PID; grant group_$PID to pp_release; alter table sources owner to group_$PID',
        'alter table sources owner to pp_release; drop role group_$PID',
      ],
      act: (rooms) => preflight(rooms.db, { allowEmpty: [] }),
      says: /live sources is owned by group_\d+, who may not create in schema public: grant usage, create on schema public to "?group_/,
    },
    {
      title: 'a column of live that new rows could not fill, when staging is built',
      arrange: [
        'alter table sources add rank int; update sources set rank = 1; alter table sources alter rank set not null',
        'alter table sources drop rank',
      ],
      act: (rooms, { staged }) =>
        buildStaging(rooms.db, { releaseId: staged.releaseId, lightweight: false, imported: new Set() }),
      says: /live sources\.rank must not be null/,
    },
  ],
  StagingUnfit: [
    {
      title: 'a live table that is missing, when staging is built',
      arrange: ['alter table sources rename to away', 'alter table away rename to sources'],
      act: (rooms, { staged }) =>
        buildStaging(rooms.db, { releaseId: staged.releaseId, lightweight: false, imported: new Set() }),
      says: /live tables missing: sources/,
    },
    {
      title: 'an importer without a mark',
      act: (rooms, { staged }) => rooms.db.session((session) => requireMarks(session, staged, ['global_stats'])),
      says: /importers without a completion mark: global_stats/,
    },
    {
      title: 'staging that is not what its manifest says',
      arrange: [
        `update staging_sources set title = title || '!' where id = (select min(id) from staging_sources)`,
        `update staging_sources set title = rtrim(title, '!')`,
      ],
      act: (rooms, { staged }) => requireUnchanged(rooms.db, staged),
      says: /staging changed since the manifest was written: staging_sources/,
    },
  ],
  NothingToResume: [
    {
      title: 'an importer of a release that does not hold staging',
      act: (rooms, { first }) =>
        runImporter(rooms.db, first, rooms.importers[0] as (typeof rooms.importers)[number], {
          onStep: () => undefined,
        }),
      says: /staging holds release .* has nothing to go on with/,
    },
  ],
  ValidationFailed: [
    {
      title: 'staging without geometry',
      arrange: [
        `create table shapes as select id, the_geom from staging_protected_areas; update staging_protected_areas set the_geom = null;
         create table parts as select id, the_geom from staging_protected_area_parcels; update staging_protected_area_parcels set the_geom = null`,
        `update staging_protected_areas a set the_geom = s.the_geom from shapes s where s.id = a.id; drop table shapes;
         update staging_protected_area_parcels a set the_geom = s.the_geom from parts s where s.id = a.id; drop table parts`,
      ],
      act: (rooms, { staged }) => validateStaging(rooms.db, staged, { importers: ['sources', 'protected_areas'] }),
      says: /staging is not fit to publish/,
    },
  ],
};

describe('what is refused has changed nothing: no row of any schema, and nothing that pg_dump writes', () => {
  let rooms: Rooms;
  let at: Parameters<Scene['act']>[1];

  beforeAll(async () => {
    rooms = await openRooms(60);
    await rooms.seed(0);
    const { release: first, stamp: old } = await rooms.release('Jan2027');
    const { release: live, stamp } = await rooms.release('Feb2027');
    const staged = await rooms.stage('Mar2027');
    await rooms.prepare(staged);
    at = { first, live, staged, stamp, old };
  });
  afterAll(() => rooms?.close());

  const asSuperuser = (sql: string) => withClient(rooms.databases.superuserUrl, (client) => client.query(sql));

  /** Schema and rows of everything that is ours or stands beside it. */
  async function everything(): Promise<string[]> {
    const { stdout } = await run(
      'pg_dump',
      ['--no-password', '--inserts', '-n', 'public', '-n', 'pp_release', rooms.databases.superuserUrl],
      { maxBuffer: 512 * 1024 * 1024 },
    );
    return stdout.split('\n').filter((line) => !line.startsWith('--') && !/^\\(un)?restrict/.test(line));
  }

  for (const [type, scenes] of Object.entries(SCENES)) {
    for (const { title, arrange, act, says } of scenes) {
      it(`${type}: ${title}`, async () => {
        const filled = (sql: string) => sql.replaceAll('$STAMP', at.stamp).replaceAll('$PID', String(process.pid));
        if (arrange) await asSuperuser(filled(arrange[0]));
        try {
          const before = await everything();
          const error = await act(rooms, at).then(
            () => undefined,
            (thrown: unknown) => thrown as Error & { type?: string },
          );
          expect(error?.message ?? 'no error').toMatch(says);
          expect(error?.type).toBe(type);
          const after = await everything();
          expect(after.filter((line, nth) => line !== before[nth]).slice(0, 3)).toEqual([]);
          expect(after.length).toBe(before.length);
        } finally {
          if (arrange) await asSuperuser(filled(arrange[1]));
        }
      });
    }
  }

  it('and all of it goes on: the staged release goes live, and is rolled back', async () => {
    await rooms.prepare(at.staged);
    const swapped = await rooms.swap(at.staged);
    expect(swapped.outcome).toBe('swapped');
    if (swapped.outcome === 'swapped')
      expect((await rooms.rollback(at.staged, swapped.stamp)).outcome).toBe('rolled back');
  });
});
