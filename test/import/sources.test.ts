import { describe, expect } from 'vitest';
import type { PortalRows, SiteRow } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const sources = (portal: PortalRows, metadataid: number) =>
  portal.rooms.rows<Record<string, unknown>>(
    `select *, year::text, update_year::text from staging_sources where metadataid = $1 order by id`,
    [metadataid],
  );

/** A source and a site of it. */
async function sourced(
  portal: PortalRows,
  site: number,
  columns: Record<string, unknown>,
  more: Partial<SiteRow> = {},
) {
  const source_id = await portal.source({ originator_id: site, data_title: `Source ${site}`, ...columns });
  await portal.site({ site, ...more, columns: { source_id } });
}

describe('a source', () => {
  const rule = rulesOverOneRelease();

  rule(
    'has each value in its column, and no e-mail address',
    async (portal, site) => {
      const provider_id = await portal.insert('wdpa.provider', { responsible_party: 'Ministry' });
      await sourced(portal, site, {
        ...{ provider_id, verifier: 'WCMC', year: '2010', update_year: '2020', language: 'Klingon' },
        ...{ character_set: 'EBCDIC', reference_system: 'WGS84', scale: '1:10', lineage: 'l', citation: 'c' },
        disclaimer: 'd',
      });
    },
    async (_published, site, portal) => {
      expect(await sources(portal, site)).toMatchObject([
        {
          ...{ title: `Source ${site}`, responsible_party: 'Ministry', responsible_email: null, verifier: 'WCMC' },
          ...{ year: '2010-01-01', update_year: '2020-01-01', language: 'Klingon', character_set: 'EBCDIC' },
          ...{ reference_system: 'WGS84', scale: '1:10', lineage: 'l', citation: 'c', disclaimer: 'd' },
        },
      ]);
    },
  );

  rule(
    'has no year where the portal has NULL, 0, or a text without a digit',
    async (portal, site) => {
      for (const [n, year] of [null, '0', '', 'Not Reported', ' '].entries()) {
        await sourced(portal, site + n, { year, update_year: year });
      }
    },
    async (published, site, portal) => {
      for (let n = 0; n < 5; n++) {
        expect(await sources(portal, site + n)).toMatchObject([{ year: null, update_year: null }]);
        expect(await published.rejects(`metadataid ${site + n}`)).toEqual([]);
      }
    },
  );

  rule(
    'has the year that the first four digits of a date or a span say',
    async (portal, site) => {
      for (const [n, year] of ['2022-05-01', '2019-2021', '2020.0', ' 2010 ', '2018/2019'].entries()) {
        await sourced(portal, site + n, { year, update_year: year });
      }
    },
    async (published, site, portal) => {
      const years = [];
      for (let n = 0; n < 5; n++) {
        const [source] = await sources(portal, site + n);
        years.push([source?.year, source?.update_year]);
        expect(await published.rejects(`metadataid ${site + n}`)).toEqual([]);
      }
      const expected = ['2022-01-01', '2019-01-01', '2020-01-01', '2010-01-01', '2018-01-01'];
      expect(years).toEqual(expected.map((year) => [year, year]));
    },
  );

  rule(
    'has no year where its digits say none, and a soft error for each of the two says so',
    async (portal, site) => {
      for (const [n, year] of ['2,020', '-5', '123456', '20220501'].entries()) {
        await sourced(portal, site + n, { year, update_year: n === 0 ? 'c. 2020' : '2020' });
      }
    },
    async (published, site, portal) => {
      const reason = 'no such year: the source is published without it';
      const told = (column: string, value: string) => ({ importer: 'sources', reason, details: { column, value } });
      for (const [n, year] of ['2,020', '-5', '123456', '20220501'].entries()) {
        expect(await sources(portal, site + n)).toMatchObject([
          { year: null, update_year: n === 0 ? null : '2020-01-01' },
        ]);
        expect(await published.rejects(`metadataid ${site + n}`)).toEqual([
          told('year', year),
          ...(n === 0 ? [told('update_year', 'c. 2020')] : []),
        ]);
      }
    },
  );

  rule(
    'has language and character set as the catalog writes them, matched in any case, and comes once',
    async (portal, site) => {
      await portal.entry('wdpa.language_cat', 'ENGLISH');
      await sourced(portal, site, { language: 'eNGLISH', character_set: 'utf-8' });
    },
    async (_published, site, portal) => {
      expect(await sources(portal, site)).toMatchObject([{ language: 'English', character_set: 'UTF-8' }]);
    },
  );

  rule(
    'comes once where two codes differ in case only: the first of them stands for both',
    async (portal, site) => {
      for (const [n, code] of ['Koi-X', 'KOI-x'].entries()) {
        await portal.insert('wdpa.character_set_cat', { id: 50_000 + n, code });
        await portal.insert('wdpa.language_cat', { id: 50_000 + n, code });
      }
      await sourced(portal, site, { language: 'koi-x', character_set: 'KOI-X' });
    },
    async (_published, site, portal) => {
      expect(await sources(portal, site)).toMatchObject([{ language: 'Koi-X', character_set: 'Koi-X' }]);
    },
  );

  rule(
    'that the portal says nothing of has NULLs',
    (portal, site) => sourced(portal, site, { data_title: null }),
    async (_published, site, portal) => {
      const { id, metadataid, created_at, updated_at, ...values } = (await sources(portal, site))[0] ?? {};
      expect(new Set(Object.values(values))).toEqual(new Set([null]));
    },
  );

  rule(
    'is published if one of its rows is: not archived, not restricted; a shape it need not have',
    async (portal, site) => {
      await sourced(portal, site, {}, { archived: true });
      await sourced(portal, site + 1, {}, { restriction: 'restricted' });
      await sourced(portal, site + 2, {}, { restriction: null });
      await portal.source({ originator_id: site + 3 });
      await sourced(portal, site + 4, {}, { polygon: null });
      await sourced(portal, site + 5, {}, { restriction: 'commercial restriction' });
    },
    async (_published, site, portal) => {
      const found = [];
      for (let n = 0; n < 6; n++) found.push((await sources(portal, site + n)).length);
      expect(found).toEqual([0, 0, 0, 0, 1, 1]);
    },
  );

  rule(
    'is one of several with its metadataid: all are kept, sites join the first by title',
    async (portal, site) => {
      await sourced(portal, site, { originator_id: site, data_title: 'B' });
      await sourced(portal, site + 1, { originator_id: site, data_title: 'A' });
    },
    async (published, site, portal) => {
      expect((await sources(portal, site)).map(({ title }) => title)).toEqual(['A', 'B']);
      expect(await published.site(site)).toMatchObject({ sources: ['A'] });
      expect(await published.site(site + 1)).toMatchObject({ sources: ['A'] });
    },
  );

  rule(
    'without a metadataid is kept, under an index_id of its own; no site is joined to it',
    async (portal, site) => {
      await sourced(portal, site, { originator_id: null, data_title: 'Nameless' });
    },
    async (published, site, portal) => {
      const found = await portal.rooms.rows(`select metadataid from staging_sources where title = 'Nameless'`);
      expect(found).toEqual([{ metadataid: null }]);
      const [row] = await portal.rooms.rows(
        `select index_id from staging_portal_standard_sources where data_title = 'Nameless'`,
      );
      expect(row?.index_id).toMatch(/^[0-9]+_$/);
      expect(await published.site(site)).toMatchObject({ sources: [] });
      expect(await published.rejects(site)).toEqual([]);
    },
  );

  rule(
    'that a site does not name is none: no link and no soft error',
    (portal, site) => portal.site({ site }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ sources: [] });
      expect(await published.rejects(site)).toEqual([]);
    },
  );

  rule(
    'stands in the view under the number of its place by metadataid and title',
    async (portal, site) => {
      await sourced(portal, site, { data_title: 'B' });
      await sourced(portal, site + 1, { originator_id: site, data_title: 'A' });
    },
    async (_published, site, portal) => {
      const rows = await portal.rooms.rows<{ place: number; id: string; data_title: string }>(
        `select split_part(index_id, '_', 1)::int as place, split_part(index_id, '_', 2) as id, data_title
         from staging_portal_standard_sources where metadataid = $1 order by 1`,
        [site],
      );
      expect(rows.map(({ id, data_title }) => [id, data_title])).toEqual([
        [String(site), 'A'],
        [String(site), 'B'],
      ]);
      expect(rows[1]?.place).toBe(Number(rows[0]?.place) + 1);
    },
  );
});
