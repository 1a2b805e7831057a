import { describe, expect } from 'vitest';
import type { PortalRows } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

type Row = Record<string, unknown>;

/** Evaluations of a site, with what they point at shown by name. */
const evaluations = (portal: PortalRows, site: number) =>
  portal.rooms.rows<Row>(
    `select e.*, a.site_pid as of_site, p.site_pid as of_parcel, m.name as method_row,
       array(select c.iso_3::text from staging_countries_pame_evaluations x join countries c on c.id = x.country_id
             where x.pame_evaluation_id = e.id order by 1) as countries
     from staging_pame_evaluations e
     left join staging_protected_areas a on a.id = e.protected_area_id
     left join staging_protected_area_parcels p on p.id = e.protected_area_parcel_id
     join staging_pame_methods m on m.id = e.pame_method_id
     where e.site_id = $1 order by e.asmt_id, e.id`,
    [site],
  );

describe('an evaluation', () => {
  const rule = rulesOverOneRelease();
  const ANSWERS = {
    ...{ verif_eff: 'verification_effectiveness', gov_act: 'governance_action', gov_asmt: 'governance_assessment' },
    ...{ dp_other: 'designation_purpose_other', out_bio: 'outcomes_biodiversity' },
    ...{ mgmt_obset: 'management_objectives_set', mgmt_obman: 'management_objectives_managed' },
    ...{ mgmt_adapt: 'management_adaptation', mgmt_staff: 'management_staff', mgmt_budgt: 'management_budget' },
    ...{ mgmt_thrts: 'management_threats', mgmt_mon: 'management_monitoring' },
  };

  rule(
    'has each value in its column, and its source by eff_metaid',
    async (portal, site) => {
      await portal.site({ site });
      const answers: Row = {};
      for (const [column, catalog] of Object.entries(ANSWERS)) {
        answers[`${catalog}_id`] = await portal.entry(`pame.${catalog}_cat`, `Answer ${column}`);
      }
      const columns = {
        ...{ asmt_id: site, asmt_year: 2011, submit_year: 2012, asmt_url: 'http://a', info_url: 'http://i' },
        pame_source_id: await portal.pameSource({ eff_metaid: site }),
      };
      const pame_id = await portal.evaluation({ site, method: 'RAPPAM!', columns: { ...columns, ...answers } });
      const catalog = 'pame.designation_purpose_biodiversity_cat';
      for (const label of ['Zeta', 'Alpha', { code: 'a2', description: { en: 'Alpha' } }]) {
        const designation_purpose_biodiversity_cat_id = await portal.entry(catalog, label);
        const row = { id: null, pame_id, designation_purpose_biodiversity_cat_id };
        await portal.insert('pame.pame_designation_purpose_biodiversity_cats', row);
      }
    },
    async (_published, site, portal) => {
      expect(await evaluations(portal, site)).toMatchObject([
        {
          ...{ asmt_id: site, asmt_year: 2011, submit_year: 2012, asmt_url: 'http://a', info_url: 'http://i' },
          ...{ site_id: site, site_pid: `${site}`, eff_metaid: site, pame_source_id: site },
          ...{ name: `Site ${site}`, method: 'RAPPAM!', method_row: 'RAPPAM!', dp_bio: 'Alpha;Zeta' },
          ...Object.fromEntries(Object.keys(ANSWERS).map((column) => [column, `Answer ${column}`])),
        },
      ]);
    },
  );

  rule(
    'is of the parcel with its key, with the name and countries of that parcel',
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_A`, iso3: ['KEN'] });
      await portal.site({ site, pid: `${site}_B`, iso3: ['UGA', 'TZA'], columns: { english_name: 'B' } });
      await portal.evaluation({ site, pid: `${site}_B` });
    },
    async (_published, site, portal) => {
      expect(await evaluations(portal, site)).toMatchObject([
        { of_parcel: `${site}_B`, of_site: null, name: 'B', countries: ['TZA', 'UGA'] },
      ]);
    },
  );

  rule(
    'is of the site where no parcel has its key, with the countries of the site',
    async (portal, site) => {
      await portal.site({ site, iso3: ['KEN'] });
      await portal.evaluation({ site });
      await portal.site({ site: site + 1, iso3: ['UGA'] });
      await portal.site({ site: site + 1, pid: `${site + 1}_X`, type: null });
      await portal.evaluation({ site: site + 1, pid: `${site + 1}_X` });
      await portal.site({ site: site + 2, pid: '' });
      await portal.evaluation({ site: site + 2, pid: '' });
    },
    async (_published, site, portal) => {
      const ofSite = (n: number) => ({ of_site: `${n}`, of_parcel: null });
      expect(await evaluations(portal, site)).toMatchObject([{ ...ofSite(site), countries: ['KEN'] }]);
      expect(await evaluations(portal, site + 1)).toMatchObject([{ ...ofSite(site + 1), countries: ['UGA'] }]);
      expect(await evaluations(portal, site + 2)).toMatchObject([
        { of_site: '', of_parcel: null, site_pid: `${site + 2}` },
      ]);
    },
  );

  rule(
    'of no site of this release is a soft error',
    async (portal, site) => {
      await portal.site({ site, type: null });
      await portal.evaluation({ site, columns: { asmt_id: 70_000 + site } });
    },
    async (published, site, portal) => {
      expect(await evaluations(portal, site)).toEqual([]);
      expect(await published.rejects(`assessment ${70_000 + site}`)).toEqual([
        {
          importer: 'pame',
          reason: 'no such site or parcel in this release',
          details: { site_id: site, site_pid: String(site) },
        },
      ]);
    },
  );

  rule(
    'has the method of the catalog, else the one written as text; the same name is one row of methods',
    async (portal, site) => {
      await portal.rooms.rows(
        `insert into pame_methods (id, name, created_at, updated_at) values ($1, 'Known method', '2015-01-01', '2015-01-01')`,
        [site],
      );
      await portal.site({ site });
      const of = (n: number, method: string | null, method_text: string | null) =>
        portal.evaluation({ site, method, columns: { asmt_id: site + n, method_text } });
      await of(0, 'Brand new method', 'not this');
      await of(1, null, 'Brand new method');
      await of(2, null, 'Known method');
    },
    async (_published, site, portal) => {
      const rows = await evaluations(portal, site);
      expect(rows.map((row) => row.method)).toEqual(['Brand new method', 'Brand new method', 'Known method']);
      expect(rows.map((row) => row.method_row)).toEqual(rows.map((row) => row.method));
      expect(rows[0]?.pame_method_id).toBe(rows[1]?.pame_method_id);
      expect(rows[2]?.pame_method_id).toBe(site);
      expect(await portal.rooms.rows(`select from pame_methods where name = 'Brand new method'`)).toEqual([]);
    },
  );

  rule(
    'without a method, or with a blank one, is a soft error',
    async (portal, site) => {
      await portal.site({ site });
      for (const [n, method_text] of [null, '', ' '].entries()) {
        await portal.evaluation({ site, method: null, columns: { asmt_id: 70_000 + site + n, method_text } });
      }
      const empty = { code: 'nothing', description: { en: '' } };
      await portal.evaluation({ site, method: empty, columns: { asmt_id: 70_003 + site, method_text: 'not this' } });
      await portal.evaluation({ site, method: null, columns: { id: 70_004 + site } });
    },
    async (published, site, portal) => {
      expect(await evaluations(portal, site)).toEqual([]);
      const keys = [0, 1, 2, 3].map((n) => `assessment ${70_000 + site + n}`);
      for (const key of [...keys, `assessment without id, portal row ${70_004 + site}`]) {
        expect([key, await published.rejects(key)]).toMatchObject([key, [{ importer: 'pame', reason: 'no method' }]]);
      }
    },
  );

  rule(
    'with a number too large for its column is a soft error, and so is one of such a source',
    async (portal, site) => {
      await portal.site({ site });
      await portal.evaluation({ site, columns: { asmt_id: 3_000_000_000 + site } });
      const pame_source_id = await portal.pameSource({ eff_metaid: 4_000_000_000 + site });
      await portal.evaluation({ site, columns: { asmt_id: 70_000 + site, pame_source_id } });
    },
    async (published, site, portal) => {
      expect(await evaluations(portal, site)).toEqual([]);
      const importer = 'pame';
      expect(await published.rejects(`assessment ${3_000_000_000 + site}`)).toMatchObject([
        { importer, reason: 'asmt_id is too large for its column' },
      ]);
      expect(await published.rejects(`assessment ${70_000 + site}`)).toMatchObject([
        { importer, reason: 'eff_metaid is too large for its column', details: { eff_metaid: 4_000_000_000 + site } },
      ]);
      expect(await published.rejects(4_000_000_000 + site)).toMatchObject([
        { importer: 'pame_sources', reason: 'eff_metaid is too large for its column' },
      ]);
    },
  );

  rule(
    'without a parcel_id is of the parcel with the number of the site, else of the site',
    async (portal, site) => {
      await portal.site({ site });
      await portal.evaluation({ site, pid: null });
      await portal.site({ site: site + 1, pid: `${site + 1}_A` });
      await portal.evaluation({ site: site + 1, pid: null });
      await portal.site({ site: site + 2 });
      await portal.site({ site: site + 2, pid: `${site + 2}_A` });
      await portal.evaluation({ site: site + 2, pid: null });
      await portal.site({ site: site + 3, restriction: 'restricted' });
      await portal.evaluation({ site: site + 3, pid: null });
    },
    async (_published, site, portal) => {
      const found = [];
      for (const n of [0, 1, 2, 3]) found.push(await evaluations(portal, site + n));
      expect(found).toMatchObject([
        [{ of_site: `${site}`, of_parcel: null, site_pid: `${site}` }],
        [{ of_site: `${site + 1}_A`, of_parcel: null }],
        [{ of_site: null, of_parcel: `${site + 2}` }],
        [],
      ]);
    },
  );

  rule(
    'is of the parcel with exactly its parcel_id, spaces and all; where there is none, of the one that differs in them',
    async (portal, site) => {
      for (const pid of [`${site}_A`, `${site}_A `]) await portal.site({ site, pid });
      for (const [n, pid] of [`${site}_A `, `${site}_A`, ` ${site}_A`].entries()) {
        await portal.evaluation({ site, pid, columns: { asmt_id: site + n } });
      }
      await portal.site({ site: site + 1, pid: ` ${site + 1}` });
      await portal.evaluation({ site: site + 1, pid: ` ${site + 1}` });
      await portal.site({ site: site + 2, pid: `${site + 2}_A ` });
      await portal.evaluation({ site: site + 2, pid: `${site + 2}_A` });
      await portal.evaluation({ site: site + 2, pid: `${site + 2}_B` });
    },
    async (_published, site, portal) => {
      expect((await evaluations(portal, site)).map((row) => [row.of_parcel, row.site_pid])).toEqual([
        [`${site}_A `, `${site}_A `],
        [`${site}_A`, `${site}_A`],
        [`${site}_A`, ` ${site}_A`],
      ]);
      expect(await evaluations(portal, site + 1)).toMatchObject([{ of_site: ` ${site + 1}`, of_parcel: null }]);
      expect(await evaluations(portal, site + 2)).toMatchObject([{ of_parcel: `${site + 2}_A ` }]);
    },
  );

  rule(
    'keeps NULL years and answers; name, address and eff_metaid, which live wants, become empty and -1',
    async (portal, site) => {
      await portal.site({ site, columns: { english_name: null } });
      await portal.evaluation({ site, columns: { pame_source_id: await portal.pameSource({ eff_metaid: null }) } });
    },
    async (_published, site, portal) => {
      const [row] = await evaluations(portal, site);
      expect(row).toMatchObject({ asmt_id: null, asmt_year: null, submit_year: null, info_url: null, dp_bio: null });
      expect(row).toMatchObject(Object.fromEntries(Object.keys(ANSWERS).map((column) => [column, null])));
      expect(row).toMatchObject({ name: '', asmt_url: '', eff_metaid: -1, pame_source_id: null });
    },
  );

  rule(
    'may share its number with others: all are kept',
    async (portal, site) => {
      await portal.site({ site });
      for (const asmt_year of [2010, 2020]) await portal.evaluation({ site, columns: { asmt_id: site, asmt_year } });
    },
    async (_published, site, portal) => {
      expect((await evaluations(portal, site)).map((row) => row.asmt_year)).toEqual([2010, 2020]);
    },
  );

  rule(
    'is published once, if it is not archived, has a source, and its row of the portal is published',
    async (portal, site) => {
      await portal.site({ site });
      await portal.evaluation({ site, columns: { archived_at: '2020-01-01' } });
      const without = await portal.evaluation({ site });
      await portal.query('update pame.pame set pame_source_id = null where id = $1', [without]);
      for (const [n, row] of [{ archived: true }, { restriction: 'restricted' }, { restriction: null }].entries()) {
        await portal.site({ site: site + 1 + n, ...row });
        await portal.evaluation({ site: site + 1 + n });
      }
      await portal.site({ site: site + 4, pid: `${site + 4}_A` });
      await portal.evaluation({ site: site + 4 });
      // Two rows of one key, though only one has a shape: the evaluation must not double.
      await portal.site({ site: site + 5 });
      await portal.site({ site: site + 5, polygon: null });
      await portal.evaluation({ site: site + 5 });
    },
    async (published, site) => {
      const found = [];
      for (let n = 0; n < 6; n++) found.push((await published.view('portal_standard_pame', site + n)).length);
      expect(found).toEqual([0, 0, 0, 0, 0, 1]);
    },
  );
});
