import { portal, statisticsViews, tables } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { existing } from '../postgres/introspection.ts';
import { outsideHolder } from '../postgres/lock.ts';
import { pendingMigrations } from '../postgres/migrate.ts';
import { backupFindings, findOldBackups, keysToLive } from './backups.ts';
import type { Finding } from './finding.ts';
import { lostStatisticsViews, readersOfBackups } from './readers.ts';
import { deadRuns, type OldRelease, readReleases, stampFindings } from './releases.ts';
import { missingRights } from './rights.ts';
import { findOldStaging, stagingFindings } from './staging.ts';

export interface Adoption {
  role: string;
  database: string;
  /** False where no released table is there: nothing is to be adopted. */
  hasTables: boolean;
  releases: OldRelease[];
  /** Stamps of the old system's backups, adopted or not, the newest first. */
  backups: { stamp: string; adopted: boolean }[];
  findings: Finding[];
}

/**
 * Looks at a database that the old system has made, in the caller's transaction: what is there, what a DBA has to do, what adopt would
 * do and what is to be known. Changes nothing; schema pp_release need not be there.
 */
export async function lookAt(session: Session): Promise<Adoption> {
  const place = await readPlace(session);
  const { role, database, sees } = place;
  const there = await existing(session, ['releases', ...tables.map(({ name }) => name)]);
  if (!there.has('releases') || there.size === 1)
    return { role, database, hasTables: false, releases: [], backups: [], findings: [] };

  const ours = sees && (await isThere(session, 'ours')) ? 'select oid from pp_release.ours' : NONE;
  const old = await findOldBackups(session, ours);
  const staging = await findOldStaging(session, ours);
  const others = [...old.backups.flatMap(({ relations }) => relations.map(({ name }) => name)), ...staging];
  const rights = await missingRights(session, others);
  if (!sees) {
    const backups = old.backups.map(({ stamp }) => ({ stamp, adopted: false })).reverse();
    return { role, database, hasTables: true, releases: [], backups, findings: [...rights, ...unseen(place, rights)] };
  }

  const recorded = await isThere(session, 'adopted_backups');
  const adopted = recorded ? await adoptedStamps(session) : [];
  const releases = await readReleases(session);
  const stamps = [...adopted, ...old.backups.map(({ stamp }) => stamp)].sort().reverse();
  const oids = oidsOf([
    ...old.backups.flatMap(({ relations }) => relations.map(({ oid }) => oid)),
    ...(recorded ? await adoptedOids(session) : []),
  ]);
  const pending = await pendingMigrations(session);
  const findings = [
    ...(await lockFindings(session)),
    ...rights,
    ...(await migrationFindings(session, pending)),
    ...(await backupFindings(session, old)),
    ...(await keysToLive(session, oids)),
    ...(await readersOfBackups(session, oids)),
    ...(await lostStatisticsViews(session)),
    ...stampFindings(releases, [...stamps, ...(recorded ? await ownStamps(session) : [])]),
    ...deadRuns(releases),
    ...stagingFindings(staging),
    ...(await linkFindings(session, role)),
  ];
  const isNew = pending.length > 0 || old.backups.length > 0;
  return {
    role,
    database,
    hasTables: true,
    releases,
    backups: stamps.map((stamp) => ({ stamp, adopted: adopted.includes(stamp) })),
    findings: [...findings, ...otherRole(place, rights), ...(isNew ? TO_KNOW : [])],
  };
}

interface Place {
  role: string;
  database: string;
  /** Who owns the sites. */
  owner: string;
  /** False where the role may not read releases, or the records of ours that another role has made. */
  sees: boolean;
}

async function readPlace(session: Session): Promise<Place> {
  const { rows } = await session.query<Place>(
    `select current_user as role, current_database() as database,
            coalesce((select pg_get_userbyid(relowner) from pg_class where oid = to_regclass('public.protected_areas')), current_user) as owner,
            coalesce(has_table_privilege(to_regclass('public.releases'), 'select'), true)
              and coalesce(has_schema_privilege(to_regnamespace('pp_release'), 'usage'), true) as sees`,
  );
  const [place] = rows;
  if (!place) throw new Error('PostgreSQL has answered no row');
  return place;
}

/** To run as the owner needs the least of a DBA. */
function otherRole({ role, owner }: Place, rights: readonly Finding[]): Finding[] {
  if (!rights.some(({ id }) => id === 'rights-owner')) return [];
  const message = `${owner} owns the sites: with PP_DATABASE_URL of that role a DBA has less to do than for ${role}; look again as that role`;
  return [{ id: 'other-role', acts: 'nobody', message, statements: [] }];
}

const unseen = (place: Place, rights: readonly Finding[]): Finding[] => [
  ...otherRole(place, rights),
  {
    id: 'unseen',
    acts: 'nobody',
    message: `role ${place.role} may not read releases yet: what else there is shows once a DBA has run the statements above; look again then`,
    statements: [],
  },
];

const NONE = 'select null::oid where false';

const oidsOf = (oids: readonly string[]): string =>
  oids.length > 0 ? `select unnest(array[${oids.map(Number)}]::oid[])` : NONE;

/** Asked of the catalog, since the name of a relation is refused where its schema may not be used. */
async function isThere(session: Session, relation: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `select from pg_class where relnamespace = to_regnamespace('pp_release') and relname = $1`,
    [relation],
  );
  return rowCount === 1;
}

async function adoptedStamps(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ stamp: string }>('select stamp from pp_release.adopted_backups');
  return rows.map(({ stamp }) => stamp);
}

async function adoptedOids(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ oid: string }>(
    `select o.oid::text from pp_release.ours o join pp_release.adopted_backups a on a.stamp = o.generation`,
  );
  return rows.map(({ oid }) => oid);
}

/** Of the backups that releases of ours have made: rows of releases name them, too. */
async function ownStamps(session: Session): Promise<string[]> {
  const { rows } = await session.query<{ stamp: string }>(
    `select distinct generation as stamp from pp_release.ours
     where generation not in ('staging', 'next', 'previous') and generation not in (select stamp from pp_release.adopted_backups)`,
  );
  return rows.map(({ stamp }) => stamp);
}

/** A release that runs, of whichever system, changes what is looked at here. */
async function lockFindings(session: Session): Promise<Finding[]> {
  const holder = await outsideHolder(session);
  const owner = (await isThere(session, 'lock_owner'))
    ? (await session.query<{ purpose: string }>('select purpose from pp_release.lock_owner')).rows[0]
    : undefined;
  if (!holder && !owner) return [];
  const who = owner
    ? `the ${owner.purpose} of ours`
    : `session ${holder?.pid} (application ${holder?.application || 'without a name'})`;
  const message = `the release lock is held by ${who}: nothing is adopted while a release runs; wait until it has ended`;
  return [{ id: 'lock-held', acts: 'dba', message, statements: [] }];
}

async function migrationFindings(session: Session, pending: readonly string[]): Promise<Finding[]> {
  if (pending.length === 0) return [];
  const names = [...tables.map(({ name }) => name), 'regions', 'countries', 'release_events', ...statisticsViews.names];
  const there = await existing(session, names);
  const missing = names.filter((name) => !there.has(name));
  const made = missing.length > 0 ? `, and makes ${missing.join(', ')}, which are missing` : '';
  return [
    {
      id: 'migrations',
      acts: 'adopt',
      message: `${pending.length} migrations have not run: migrate adds schema pp_release, functions catalog_…, and to releases the columns workflow_id, run_id and mode with an index${made}; it changes nothing else`,
      statements: [],
    },
  ];
}

/** Each role has a login of its own at the portal. */
async function linkFindings(session: Session, role: string): Promise<Finding[]> {
  const { rowCount } = await session.query(
    `select from pg_user_mappings where srvname = $1 and usename in (current_user, 'public')`,
    [portal.server],
  );
  if (rowCount !== 0) return [];
  const message = `role ${role} has no login at the portal: link it with pp-release migrate --portal-env PORTAL_URL`;
  return [{ id: 'portal-link', acts: 'afterwards', message, statements: [] }];
}

const TO_KNOW: readonly Finding[] = [
  {
    id: 'restart',
    acts: 'nobody',
    message:
      'restart the website once migrations have run: a session of Rails that has prepared a statement over releases fails once otherwise',
    statements: [],
  },
  {
    id: 'values',
    acts: 'nobody',
    message:
      "the first release gives NULL where the old system wrote '' or 0 for what the portal lacks, and so a new updated_at to nearly every site: tell the consumers of the API",
    statements: [],
  },
  {
    id: 'search-and-caches',
    acts: 'nobody',
    message:
      "search indices, downloads (S3, Redis keys downloads:*) and the website's caches are not touched: run the website's own tasks after each release and rollback",
    statements: [],
  },
];
