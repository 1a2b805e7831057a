import { describe, expect } from 'vitest';
import type { PortalRows } from '../support/portal_rows.ts';
import { Published } from '../support/published.ts';
import { rulesOverOneRelease } from './rules.ts';

const DATES = `'2015-01-01', '2015-01-01'`;
const addLive = (portal: PortalRows, table: string, columns: string, values: string) =>
  portal.rooms.rows(`insert into ${table} (${columns}, created_at, updated_at) values (${values}, ${DATES})`);

const names = async (portal: PortalRows, table: string, pattern: string) =>
  (
    await portal.rooms.rows<{ name: string }>(`select name from staging_${table} where name ~ $1 order by 1`, [pattern])
  ).map(({ name }) => name);

const LOOKUPS = [
  ['legal_statuses', 'legal_status', 'status'],
  ['iucn_categories', 'iucn_category', 'iucn'],
  ['governances', 'governance', 'governance'],
  ['realms', 'realm', 'realm'],
] as const;

const NAMED = ['legal_statuses', 'iucn_categories', 'governances', 'management_authorities'];
/** What the portal may have where it says nothing. */
const BLANKS = [null, '', ' '];
const blankLabel = (text: string | null) =>
  text === null ? null : { code: `blank ${BLANKS.indexOf(text)}`, description: { en: text } };

describe('lookups', () => {
  const rule = rulesOverOneRelease();

  for (const [table, shown, attribute] of LOOKUPS) {
    rule(
      `${table}: a value that is known is found by its exact name, the lowest id where there are two`,
      async (portal, site) => {
        for (const id of [site + 1, site]) await addLive(portal, table, 'id, name', `${id}, 'Known ${shown}'`);
        await portal.site({ site, [attribute]: `Known ${shown}` });
      },
      async (published, site) => {
        expect(await published.site(site)).toMatchObject({ [`${shown}_id`]: site, [shown]: `Known ${shown}` });
      },
    );
  }

  rule(
    'management_authorities, jurisdictions, designations: the same; a designation is looked for in its jurisdiction',
    async (portal, site) => {
      for (const id of [site + 1, site]) {
        await addLive(portal, 'management_authorities', 'id, name', `${id}, 'Known authority'`);
        await addLive(portal, 'jurisdictions', 'id, name', `${id}, 'Known level'`);
        await addLive(portal, 'designations', 'id, name, jurisdiction_id', `${id}, 'Known park', ${site}`);
      }
      // Older, and of no jurisdiction, of another one, or of the twin: none of them is meant.
      await addLive(portal, 'designations', 'id, name', `${site - 9}, 'Known park'`);
      await addLive(portal, 'designations', 'id, name, jurisdiction_id', `${site - 8}, 'Known park', 99999`);
      await addLive(portal, 'designations', 'id, name, jurisdiction_id', `${site - 7}, 'Known park', ${site + 1}`);
      const known = { jurisdiction: 'Known level', designation: 'Known park' };
      await portal.site({ site, ...known, columns: { management_authority: 'Known authority' } });
      await portal.site({ site: site + 1, ...known, columns: { management_authority: 'known authority' } });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ management_authority_id: site, designation_id: site });
      const other = await published.site(site + 1);
      expect(other).toMatchObject({ designation_id: site, management_authority: 'known authority' });
      expect(Number(other?.management_authority_id)).toBeGreaterThan(site + 1);
    },
  );

  rule(
    'several new values are numbered in the order of their names',
    async (portal, site) => {
      for (const [n, name] of ['Order c', 'Order a', 'Order b'].entries()) {
        const columns = { management_authority: name };
        const labels = { status: name, iucn: name, governance: name, jurisdiction: name, designation: name };
        await portal.site({ site: site + n, ...labels, columns });
      }
    },
    async (_published, _site, portal) => {
      const lookups = ['legal_statuses', 'iucn_categories', 'governances', 'management_authorities'];
      for (const table of [...lookups, 'jurisdictions', 'designations']) {
        const rows = await portal.rooms.rows(`select name from staging_${table} where name ~ '^Order' order by id`);
        expect([table, rows.map(({ name }) => name)]).toEqual([table, ['Order a', 'Order b', 'Order c']]);
      }
    },
  );

  rule(
    'a value that no lookup has yet becomes one row, in staging only',
    async (portal, site) => {
      const attributes = {
        status: 'New!',
        iucn: 'New!',
        governance: 'New!',
        jurisdiction: 'New!',
        designation: 'New!',
      };
      const columns = { management_authority: 'New!' };
      await portal.site({ site, ...attributes, columns });
      await portal.site({ site: site + 1, ...attributes, columns });
    },
    async (published, site, portal) => {
      const value = {
        ...{ legal_status: 'New!', iucn_category: 'New!', governance: 'New!', management_authority: 'New!' },
        ...{ designation: 'New!', jurisdiction: 'New!' },
      };
      expect(await published.site(site)).toMatchObject(value);
      expect(await published.site(site + 1)).toMatchObject(value);
      const tables = ['legal_statuses', 'iucn_categories', 'governances', 'management_authorities'];
      for (const table of [...tables, 'jurisdictions', 'designations']) {
        expect([table, await names(portal, table, '^New!$')]).toEqual([table, ['New!']]);
        expect(await portal.rooms.rows(`select from ${table} where name = 'New!'`)).toEqual([]);
      }
    },
  );

  rule(
    'a realm in another case is a row of its own',
    async (portal, site) => {
      await portal.site({ site, realm: 'Marine' });
      await portal.site({ site: site + 1, realm: 'mARINE' });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ realm: 'Marine' });
      expect(await published.site(site + 1)).toMatchObject({ realm: 'mARINE' });
    },
  );

  rule(
    'NULL, an empty text and one of spaces are no value',
    async (portal, site) => {
      for (const [n, text] of BLANKS.entries()) {
        const label = blankLabel(text);
        const labels = { status: label, iucn: label, governance: label, realm: label, jurisdiction: label };
        const columns = { management_authority: text, english_designation_text: text };
        await portal.site({ site: site + n, ...labels, columns });
        // Its jurisdiction is blank, and yet the designation is one.
        await portal.site({ site: site + 4 + n, jurisdiction: label, designation: 'Placeless' });
      }
    },
    async (published, site, portal) => {
      for (const n of [0, 1, 2]) {
        expect(await published.site(site + n)).toMatchObject({
          ...{ legal_status_id: null, iucn_category_id: null, governance_id: null, realm_id: null },
          ...{ management_authority_id: null, designation_id: null },
        });
        expect(await published.rejects(site + n)).toEqual([]);
        expect(await published.site(site + 4 + n)).toMatchObject({ designation: 'Placeless', jurisdiction: null });
      }
      expect(await names(portal, 'designations', '^Placeless$')).toEqual(['Placeless']);
      for (const table of [...NAMED, 'realms', 'jurisdictions', 'designations']) {
        expect([table, await names(portal, table, '^ *$')]).toEqual([table, []]);
      }
    },
  );

  rule(
    'a designation is one row in each jurisdiction',
    async (portal, site) => {
      await portal.site({ site, designation: 'Reserve!', jurisdiction: 'National' });
      await portal.site({ site: site + 1, designation: 'Reserve!', jurisdiction: 'Regional' });
      await portal.site({ site: site + 2, designation: 'Reserve!', jurisdiction: 'National' });
      await portal.site({ site: site + 3, designation: 'Reserve!' });
    },
    async (published, site) => {
      const rows = [];
      for (const n of [0, 1, 2, 3]) rows.push(await published.site(site + n));
      expect(rows.map((row) => [row?.designation, row?.jurisdiction])).toEqual([
        ...[
          ['Reserve!', 'National'],
          ['Reserve!', 'Regional'],
        ],
        ...[
          ['Reserve!', 'National'],
          ['Reserve!', null],
        ],
      ]);
      expect(new Set(rows.map((row) => row?.designation_id)).size).toBe(3);
    },
  );

  rule(
    'a governance gets the letter of its type; "Not Reported" has none',
    async (portal, site) => {
      const governances = [
        ...['Federal or national ministry or agency', 'Sub-national ministry or agency'],
        ...['Government-delegated management', 'Collaborative governance', 'Joint governance'],
        ...['Transboundary governance', 'Individual landowners', 'Non-profit organisations'],
        ...['For-profit organisations', 'Indigenous peoples', 'Local communities', 'Not Reported'],
      ];
      for (const [n, governance] of governances.entries()) {
        await portal.site({ site, pid: `${site}_${n}`, governance });
      }
    },
    async (_published, _site, portal) => {
      const rows = await portal.rooms.rows<{ letter: string | null; names: string[] }>(
        `select governance_type as letter, array_agg(name::text order by name) as names from staging_governances
         where name !~ 'New!|Known|Order|^$' group by 1 order by 1`,
      );
      expect(Object.fromEntries(rows.map(({ letter, names }) => [letter, names.length]))).toEqual({
        ...{ A: 3, B: 3, C: 3, D: 2 },
        null: 1,
      });
      expect(rows.find(({ letter }) => letter === 'D')?.names).toEqual(['Indigenous peoples', 'Local communities']);
    },
  );

  rule(
    'a blank value is the row without a name that the old system left in live, month after month',
    async (portal, site) => {
      for (const [n, text] of BLANKS.entries()) {
        const label = blankLabel(text);
        const columns = { management_authority: text, english_designation_text: text };
        const labels = { status: label, iucn: label, governance: label, realm: label };
        await portal.site({ site: site + n, ...labels, jurisdiction: label, columns });
        await portal.site({ site: site + 3 + n, jurisdiction: label, designation: 'Of no level' });
      }
      await portal.site({ site: site + 6, jurisdiction: 'Blank level' });
      await portal.site({ site: site + 7, jurisdiction: 'Another level' });
      await portal.site({ site: site + 8, jurisdiction: '', designation: 'New, of no level' });
    },
    async (_, site, portal) => {
      const { rooms } = portal;
      // One of spaces is older, and not meant while there is one without anything.
      for (const table of [...NAMED, 'jurisdictions', 'realms']) {
        await addLive(portal, table, 'id, name', `${site}, ' '`);
        await addLive(portal, table, 'id, name', `${site + 1}, ''`);
      }
      await addLive(portal, 'jurisdictions', 'id, name', `${site + 2}, 'Blank level'`);
      for (const [id, name, jurisdiction] of [
        ...[
          [site + 1, '', site + 1],
          [site + 2, '', site + 2],
        ],
        [site + 3, 'Of no level', site + 1],
      ]) {
        await addLive(portal, 'designations', 'id, name, jurisdiction_id', `${id}, '${name}', ${jurisdiction}`);
      }
      await rooms.stage('Feb2027', { softErrorLimitPercent: 100 });
      const published = new Published(rooms);
      const blank = site + 1;
      for (const n of [0, 1, 2]) {
        expect(await published.site(site + n)).toMatchObject({
          ...{ legal_status_id: blank, iucn_category_id: blank, governance_id: blank, realm_id: null },
          ...{ management_authority_id: blank, designation_id: site + 1, jurisdiction: '' },
        });
        expect(await published.site(site + 3 + n)).toMatchObject({ designation_id: site + 3 });
      }
      // A designation without a name is one row in each jurisdiction, as the old system had it.
      expect(await published.site(site + 6)).toMatchObject({ designation_id: site + 2, jurisdiction: 'Blank level' });
      expect(await published.site(site + 7)).toMatchObject({ designation: '', jurisdiction: 'Another level' });
      expect(await published.site(site + 8)).toMatchObject({ designation: 'New, of no level', jurisdiction: '' });
      expect(await names(portal, 'designations', 'Of no level')).toEqual(['Of no level']);
      for (const table of [...NAMED, 'jurisdictions']) {
        expect([table, await names(portal, table, '^ *$')]).toEqual([table, ['', ' ']]);
      }

      const references = ['legal_status_id', 'iucn_category_id', 'governance_id', 'management_authority_id'];
      const given = (table: string) =>
        rooms.rows(
          `select site_id, designation_id, ${references.join(', ')} from ${table} where site_id >= $1 order by site_id`,
          [site],
        );
      const before = await given('staging_protected_areas');
      // The next month's live has what this one has added.
      for (const table of ['jurisdictions', 'designations']) {
        await rooms.rows(
          `insert into ${table} select * from staging_${table} s where s.id not in (select id from ${table})`,
        );
      }
      await rooms.stage('Mar2027', { softErrorLimitPercent: 100 });
      expect(await given('staging_protected_areas')).toEqual(before);
    },
  );
});
