import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { views } from '../../../catalog/index.ts';
import { seedReference } from '../../../local/portal/reference.ts';
import { seed } from '../../../local/portal/seed.ts';
import { withClient } from '../../../local/stack/postgres/server.ts';
import { dropAll, type TestDatabases } from '../../support/database.ts';
import { PORTAL_TEMPLATE, urlWith } from '../../support/templates.ts';
import { oldDownloadsView, oldViews } from './views.ts';

export interface OldSystem extends TestDatabases {
  /** The live database as the website's own role, which owns it and made everything but the link to the portal. */
  databaseUrl: string;
  /** The website's role, and a reader that it lets in. */
  website: string;
  reader: string;
  readerUrl: string;
  /** The live database as a role for releases alone, which has no right there yet. */
  ownRoleUrl: string;
  sites: number;
}

/** The tables that the old system swaps; the nine others change in live. */
const SWAPPED = [
  ...[
    'sources',
    'green_list_statuses',
    'no_take_statuses',
    'country_statistics',
    'global_statistics',
    'pame_evaluations',
  ],
  ...['pame_sources', 'pame_statistics', 'story_map_links', 'protected_areas', 'protected_area_parcels'],
  ...['countries_protected_areas', 'countries_protected_area_parcels', 'countries_pame_evaluations'],
  ...['protected_areas_sources', 'protected_area_parcels_sources'],
];

/** Stamps of its two backups: what was live until the release of April, and until that of May 2026. */
export const MARCH = '2604010612';
export const APRIL = '2605050702';

const { escapeIdentifier: id, escapeLiteral: literal } = pg;

/**
 * A live database as the old system has left it in May 2026, with releases of March, April and May, and its portal. Schema and rows
 * are made by our own SQL in its ways: order of columns, types, names, '' and 0 for what is missing, ids that each release gave anew.
 *
 * @param sites of the portal
 */
export async function createOldSystem(sites = 240): Promise<OldSystem> {
  const superuserUrl = inject('superuserUrl');
  const env = inject('stackEnv');
  const name = `test_${randomBytes(5).toString('hex')}`;
  const [live, portal, website, reader, portalReader, ownRole] = (
    ['live', 'portal', 'website', 'reports', 'reader', 'release'] as const
  ).map((part) => `${name}_${part}`) as [string, string, string, string, string, string];
  const password = randomBytes(12).toString('hex');
  await withClient(superuserUrl, async (client) => {
    await client.query(`create database ${id(portal)} owner portal_owner template ${id(PORTAL_TEMPLATE)}`);
    await client.query(
      `create role ${id(portalReader)} login connection limit 5 password ${literal(password)} in role portal_reader;
       create role ${id(website)} login password ${literal(password)};
       create role ${id(reader)} login password ${literal(password)};
       create role ${id(ownRole)} login password ${literal(password)}`,
    );
    await client.query(`grant connect on database ${id(portal)} to portal_owner, portal_reader`);
    await client.query(`create database ${id(live)} owner ${id(website)}`);
  });
  const portalUrl = urlWith(env.PP_PORTAL_DATABASE_URL, { database: portal });
  const old: OldSystem = {
    databaseUrl: urlWith(env.PP_DATABASE_URL, { database: live, role: website, password }),
    portalUrl,
    portalReaderUrl: urlWith(env.PP_PORTAL_READER_URL, { database: portal, role: portalReader, password }),
    superuserUrl: urlWith(superuserUrl, { database: live }),
    readerUrl: urlWith(env.PP_DATABASE_URL, { database: live, role: reader, password }),
    ownRoleUrl: urlWith(env.PP_DATABASE_URL, { database: live, role: ownRole, password }),
    website,
    reader,
    sites,
    drop: () => dropAll(superuserUrl, [live, portal], [portalReader, reader, website, ownRole]),
  };
  try {
    await seedPortal(portalUrl, sites, 0);
    await withClient(old.superuserUrl, (client) => linkAsSuperuser(client, old));
    await withClient(old.databaseUrl, async (client) => {
      await client.query(await text('tables'));
      await seedReference(old.databaseUrl);
      await threeReleases(client);
      await client.query(
        (await text('website')).replaceAll('{reader}', id(reader)).replaceAll('{website}', id(website)),
      );
    });
    return old;
  } catch (error) {
    await old.drop();
    throw error;
  }
}

/** The portal of a month; some of its sites say nothing of what the website's pages ask each site for. */
export async function seedPortal(portalUrl: string, sites: number, month: number): Promise<void> {
  await seed({ url: portalUrl, sites, month });
  await withClient(portalUrl, async (client) => {
    await client.query(
      `update wdpa.wdpas set designation_type_id = null where site_id % 10 = 1;
       update wdpa.wdpas set english_designation_id = null, english_designation_text = null, governance_type_id = null,
         management_authority = null, iucn_category_id = null, status_id = null where site_id % 20 = 1`,
    );
  });
}

const text = (name: string): Promise<string> => readFile(new URL(`./${name}.sql`, import.meta.url), 'utf8');
const list = (names: readonly string[]): string => names.map(literal).join(', ');

/** As its DBA did it, years ago: server, schema and foreign tables are the superuser's, and the website may read them. */
async function linkAsSuperuser(client: pg.Client, { portalReaderUrl, website }: OldSystem): Promise<void> {
  const { hostname, port, pathname, username, password } = new URL(portalReaderUrl);
  const login = `options (user ${literal(username)}, password ${literal(password)})`;
  await client.query(
    `create extension postgis; create extension postgres_fdw;
     create server portal_srv foreign data wrapper postgres_fdw options (host ${literal(hostname)}, port ${literal(port)},
       dbname ${literal(pathname.slice(1))}, use_remote_estimate 'true', fetch_size '50000');
     create user mapping for current_user server portal_srv ${login};
     create user mapping for ${id(website)} server portal_srv ${login};
     create schema portal_fdw;
     import foreign schema wdpa from server portal_srv into portal_fdw;
     import foreign schema reference from server portal_srv into portal_fdw;
     import foreign schema pame from server portal_srv into portal_fdw;
     drop user mapping for current_user server portal_srv;
     grant usage on schema portal_fdw to ${id(website)};
     grant usage on foreign server portal_srv to ${id(website)};
     grant select on all tables in schema portal_fdw to ${id(website)}`,
  );
}

/** Plans over foreign tables cost the old system minutes; here they would cost the test seconds. */
const FAST =
  'set enable_nestloop = off; set enable_mergejoin = off; set jit = off; set join_collapse_limit = 1; set from_collapse_limit = 1';

/** March is filled into live; April and May are staged and swapped, each as the old system does it. */
async function threeReleases(client: pg.Client): Promise<void> {
  await client.query(FAST);
  await client.query('begin');
  for (const statement of await oldViews('')) await client.query(statement);
  await client.query(await oldDownloadsView());
  await fill(client, '', 3);
  await client.query('commit');
  for (const [month, stamp] of [
    [4, MARCH],
    [5, APRIL],
  ] as const)
    await stageAndSwap(client, month, stamp);
  await client.query(await text('statistics'));
}

/** @param stamp of the backup that live becomes */
async function stageAndSwap(client: pg.Client, month: number, stamp: string): Promise<void> {
  await client.query('begin');
  for (const statement of await oldViews('staging_')) await client.query(statement);
  await client.query((await text('staging')).replaceAll('{swapped}', list(SWAPPED)));
  await fill(client, 'staging_', month);
  const swap = (await text('swap')).replaceAll('{swapped}', list(SWAPPED)).replaceAll('{stamp}', stamp);
  await client.query(swap.replaceAll('{views}', list(views.map(({ name }) => name))));
  await client.query(await oldDownloadsView());
  await client.query('commit');
}

/** One more release of the old system, over whatever is live: the website has gone back to it. It writes stamps an hour off, as ever. */
export async function anotherRelease(old: OldSystem, label: string, stamp: string): Promise<void> {
  await withClient(old.databaseUrl, async (client) => {
    await client.query(FAST);
    await stageAndSwap(client, 6, stamp);
    await client.query(
      `update releases set is_current = false, backup_timestamp = to_timestamp($1, 'YYMMDDHH24MI')::timestamp - interval '1 hour' where is_current`,
      [stamp],
    );
    await client.query(
      `insert into releases (label, state, is_current, created_at, updated_at) values ($1, 'succeeded', true, now(), now())`,
      [label],
    );
  });
}

async function fill(client: pg.Client, to: string, month: number): Promise<void> {
  await client.query((await text('rows')).replaceAll('{to}', to).replaceAll('{month}', String(month)));
  await client.query('drop table portal_rows, resolved, no_takes');
}
