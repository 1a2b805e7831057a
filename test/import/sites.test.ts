import { readFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { downloadsView, VIEWS_DIR } from '../../catalog/index.ts';
import { POINT, SQUARE } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const ATTRIBUTES = {
  realm: 'Coastal',
  designation: 'National Park',
  jurisdiction: 'National',
  iucn: 'II',
  noTake: 'Part',
  status: 'Designated',
  governance: 'Local communities',
  owner: 'Communal',
  verif: 'State Verified',
  objective: 'Primary',
  waters: 'No inland waters',
  iso3: ['KEN', 'UGA'],
  parents: ['KEN'],
  criteria: ['(x)'],
  governanceSubtypes: ['Trust'],
  ownershipSubtypes: ['Church land'],
  assessments: ['Screening'],
  columns: {
    ...{ english_name: 'Lake', original_name: 'Ziwa', original_designation: 'not used', status_year: 1999 },
    ...{ reported_area: 12.5, reported_marine_area: 2.25, gis_area: 12.75, gis_marine_area: 2.5, no_take_area: 0.5 },
    ...{ management_authority: 'KWS', management_plan: 'http://plan', supplemental_info: 'more' },
  },
};

const PUBLISHED = {
  ...{ name: 'Lake', original_name: 'Ziwa', marine: true, marine_type: 1, realm: 'Coastal' },
  ...{ is_oecm: false, site_type: 'PA', reported_area: '12.5', reported_marine_area: '2.25' },
  ...{ gis_area: '12.75', gis_marine_area: '2.5', no_take: 'Part', no_take_area: '0.5', parent_iso3: 'KEN' },
  ...{ legal_status: 'Designated', legal_status_date: '1999-01-01', iucn_category: 'II' },
  ...{ governance: 'Local communities', governance_subtype: 'Trust', management_authority: 'KWS' },
  ...{ management_plan: 'http://plan', designation: 'National Park', jurisdiction: 'National' },
  ...{ owner_type: 'Communal', ownership_subtype: 'Church land', inland_waters: 'No inland waters' },
  ...{ oecm_assessment: 'Screening', international_criteria: '(x)', supplementary_info: 'more' },
  ...{ conservation_objectives: 'Primary', verif: 'State Verified', countries: ['KEN', 'UGA'] },
};

/** What people and programs have put into the fields of a name. */
const ODD_TEXTS = [
  '🦁 Parc 🏞️',
  'حديقة وطنية \u202Eabc\u202C',
  'bell \u0007 tab \t line\nfeed \u0001 \u007F',
  '\u200B\uFEFF',
  'x'.repeat(2_000_000),
  `e\u0301`.repeat(300),
  `'"\\;--$$ drop`,
];

describe('a site', () => {
  const rule = rulesOverOneRelease();

  rule(
    'of one polygon has each value in its column',
    (portal, site) => portal.site({ site, ...ATTRIBUTES }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({
        ...{ site_id: site, wdpa_id: site, site_pid: `${site}`, wdpa_pid: `${site}` },
        ...PUBLISHED,
        slug: `${site}-lake-national-park`,
      });
    },
  );

  rule(
    'of one point has the same, but no measured areas',
    (portal, site) => portal.site({ site, ...ATTRIBUTES, point: POINT }),
    async (published, site) => {
      const expected = { ...PUBLISHED, gis_area: null, gis_marine_area: null };
      expect(await published.site(site)).toMatchObject(expected);
      expect(await published.pids(site)).toEqual([]);
    },
  );

  rule(
    'has no area where the portal has NaN, an infinite one, or one that no double holds: a soft error for each',
    async (portal, site) => {
      const unusable = { reported_area: 'NaN', reported_marine_area: '1e400', no_take_area: '-Infinity' };
      await portal.site({ site, columns: { ...unusable, gis_area: 'Infinity', gis_marine_area: '1e-400' } });
      const columns = { ...unusable, reported_area: '0', gis_area: 'NaN' };
      await portal.site({ site: site + 1, point: POINT, columns });
      await portal.site({ site: site + 2, archived: true, columns: unusable });
      await portal.site({ site: site + 3, restriction: 'restricted', columns: unusable });
    },
    async (published, site) => {
      const none = { reported_marine_area: null, gis_area: null, gis_marine_area: null, no_take_area: null };
      expect(await published.site(site)).toMatchObject({ ...none, reported_area: null });
      expect(await published.site(site + 1)).toMatchObject({ ...none, reported_area: '0' });
      expect(await published.view('portal_standard_polygons', site)).toMatchObject([
        { rep_area: null, gis_area: null },
      ]);
      const told = (await published.rejects(site))
        .map(({ reason, details }) => [reason, details] as const)
        .sort(([, a], [, b]) => String(a?.column).localeCompare(String(b?.column)));
      const reason = 'an area that is no number of km²: published without it';
      expect(told).toEqual(
        [
          ['gis_area', 'Infinity'],
          ['gis_marine_area', `0.${'0'.repeat(48)}`],
          ['no_take_area', '-Infinity'],
          ['reported_area', 'NaN'],
          ['reported_marine_area', `1${'0'.repeat(49)}`],
        ].map(([column, value]) => [reason, { column, value }]),
      );
      const ofPoint = (await published.rejects(site + 1)).map(({ details }) => details?.column);
      expect(ofPoint.sort()).toEqual(['no_take_area', 'reported_marine_area']);
      expect([...(await published.rejects(site + 2)), ...(await published.rejects(site + 3))]).toEqual([]);
    },
  );

  rule(
    'has each value in its column of the downloads, as polygon and as point',
    async (portal, site) => {
      const source_id = await portal.source({ originator_id: site, data_title: 'One' });
      const columns = { ...ATTRIBUTES.columns, source_id };
      await portal.site({ site, ...ATTRIBUTES, columns });
      await portal.site({ site: site + 1, ...ATTRIBUTES, columns, point: POINT });
    },
    async (_published, site, portal) => {
      const select = await readFile(`${VIEWS_DIR}${downloadsView}.sql`, 'utf8');
      const ofStaging = select.replaceAll('from portal_standard_', 'from staging_portal_standard_');
      const [polygon, point] = await portal.rooms.rows(
        `select *, st_asewkt("WKB_GEOMETRY") as "WKB_GEOMETRY" from (${ofStaging}) d where "SITE_ID" in ($1, $1 + 1) order by "SITE_ID"`,
        [site],
      );
      const same = {
        ...{ SITE_TYPE: 'PA', NAME_ENG: 'Lake', NAME: 'Ziwa', DESIG: 'not used', DESIG_ENG: 'National Park' },
        ...{
          DESIG_TYPE: 'National',
          IUCN_CAT: 'II',
          INT_CRIT: '(x)',
          REALM: 'Coastal',
          REP_M_AREA: 2.25,
          REP_AREA: 12.5,
        },
        ...{ NO_TAKE: 'Part', NO_TK_AREA: 0.5, STATUS: 'Designated', STATUS_YR: 1999, GOV_TYPE: 'Local communities' },
        ...{ GOVSUBTYPE: 'Trust', OWN_TYPE: 'Communal', OWNSUBTYPE: 'Church land', MANG_AUTH: 'KWS' },
        ...{ MANG_PLAN: 'http://plan', VERIF: 'State Verified', METADATAID: site, PRNT_ISO3: 'KEN', ISO3: 'KEN;UGA' },
        ...{ SUPP_INFO: 'more', CONS_OBJ: 'Primary', INLND_WTRS: 'No inland waters', OECM_ASMT: 'Screening' },
      };
      const key = (n: number) => ({ SITE_ID: n, SITE_PID: `${n}` });
      const measured = { GIS_M_AREA: 2.5, GIS_AREA: 12.75 };
      expect(polygon).toEqual({
        TYPE: 'Polygon',
        WKB_GEOMETRY: SQUARE.replaceAll(', ', ','),
        ...key(site),
        ...same,
        ...measured,
      });
      expect(point).toEqual({
        ...{ TYPE: 'Point', WKB_GEOMETRY: POINT, ...key(site + 1), ...same, GIS_M_AREA: null, GIS_AREA: null },
      });
    },
  );

  rule(
    'of which the portal says nothing has NULLs, not empty texts and zeros',
    (portal, site) => portal.site({ site, columns: { english_name: null } }),
    async (published, site) => {
      const { site_id, site_pid, wdpa_id, wdpa_pid, ...row } = (await published.site(site)) ?? {};
      const said = Object.entries(row).filter(([name, value]) => value !== null && name !== 'id');
      expect(said.map(([name]) => name).sort()).toEqual(
        [
          ...['site_type', 'is_oecm', 'marine', 'marine_type', 'slug', 'shape', 'the_geom', 'no_take_status_id'],
          ...['the_geom_longitude', 'the_geom_latitude', 'countries', 'sources', 'created_at', 'updated_at'],
          ...['has_parcc_info', 'has_irreplaceability_info', 'is_dopa'],
        ].sort(),
      );
      expect(row).toMatchObject({ marine: false, marine_type: 0, slug: String(site), countries: [], sources: [] });
      expect(row).toMatchObject({ has_parcc_info: false, has_irreplaceability_info: false, is_dopa: false });
    },
  );

  rule(
    'keeps zeros and "Not Reported" as they are',
    (portal, site) =>
      portal.site({ site, iucn: 'Not Reported', noTake: 'Not Applicable', columns: { reported_area: 0 } }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({
        ...{ iucn_category: 'Not Reported', no_take: 'Not Applicable', reported_area: '0' },
        reported_marine_area: null,
      });
    },
  );

  rule(
    'has its text untrimmed',
    (portal, site) => portal.site({ site, columns: { english_name: ' Lake  ' } }),
    async (published, site) => expect(await published.site(site)).toMatchObject({ name: ' Lake  ' }),
  );

  rule(
    'may say what it likes: emoji, right to left, control characters, two megabytes',
    async (portal, site) => {
      for (const [n, text] of ODD_TEXTS.entries()) {
        const columns = { english_name: text, management_plan: text, management_authority: text };
        await portal.site({ site: site + n, status: { code: `odd ${n}`, description: { en: text } }, columns });
      }
    },
    async (published, site) => {
      for (const [n, text] of ODD_TEXTS.entries()) {
        const shown = [...text].slice(0, 254).join('');
        const legal_status = [...text].slice(0, 100).join('');
        expect(await published.site(site + n)).toMatchObject({
          ...{ name: shown, management_plan: shown, management_authority: shown, legal_status },
        });
        expect(await published.rejects(site + n)).toEqual([]);
      }
      expect((await published.site(site))?.slug).toBe(`${site}-parc`);
    },
  );

  rule(
    'may have the number 0 or one below it, and a pid of three hundred digits',
    async (portal) => {
      for (const number of [0, -7]) await portal.site({ site: number });
      await portal.site({ site: -8, pid: '9'.repeat(300) });
      await portal.site({ site: -9, pid: `-9_${'9'.repeat(300)}` });
    },
    async (published) => {
      for (const number of [0, -7]) {
        expect(await published.site(number)).toMatchObject({ wdpa_id: number, site_pid: `${number}` });
        expect(await published.rejects(number)).toEqual([]);
      }
      expect(await published.site(-8)).toMatchObject({ site_pid: '9'.repeat(52) });
      expect(await published.pids(-9)).toEqual([`-9_${'9'.repeat(49)}`]);
    },
  );

  rule(
    'is an OECM when its type says so, in any case',
    async (portal, site) => {
      for (const [n, type] of ['OECM', 'oecm', 'Oecm', 'PA', 'OECMs'].entries()) {
        await portal.site({ site: site + n, type });
      }
    },
    async (published, site) => {
      const flags = [];
      for (const n of [0, 1, 2, 3, 4]) flags.push((await published.site(site + n))?.is_oecm);
      expect(flags).toEqual([true, true, true, false, false]);
    },
  );

  rule(
    'without a type is set aside, with its reason; its parcels that have one are not',
    async (portal, site) => {
      await portal.site({ site, type: null });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, type: null, point: POINT });
      await portal.site({ site: site + 1, pid: `${site + 1}_B` });
    },
    async (published, site) => {
      const reason = 'no site type: neither PA nor OECM';
      expect(await published.site(site)).toBeUndefined();
      expect(await published.rejects(`${site}/${site}`)).toEqual([
        { importer: 'protected_areas', reason, details: { view: 'polygons' } },
      ]);
      expect(await published.rejects(`${site + 1}/${site + 1}_A`)).toMatchObject([{ reason }]);
      expect(await published.pids(site + 1)).toEqual([`${site + 1}_B`]);
      expect(await published.site(site + 1)).toMatchObject({ site_pid: `${site + 1}_B` });
    },
  );

  rule(
    'is marine by its realm, in any case: terrestrial 0, coastal 1, marine 2, nothing 0',
    async (portal, site) => {
      const realms = ['Terrestrial', 'Coastal', 'Marine', 'MARINE', 'coastal', null];
      for (const [n, realm] of realms.entries()) await portal.site({ site: site + n, realm });
    },
    async (published, site) => {
      const shown = [];
      for (const n of [0, 1, 2, 3, 4, 5]) {
        const row = await published.site(site + n);
        shown.push([row?.marine, row?.marine_type]);
      }
      expect(shown).toEqual([
        ...[
          [false, 0],
          [true, 1],
          [true, 2],
        ],
        ...[
          [true, 2],
          [true, 1],
          [false, 0],
        ],
      ]);
      expect(await published.rejects(site + 5)).toEqual([]);
    },
  );

  rule(
    'is marine by a realm with spaces around it too, and has the realm without them',
    async (portal, site) => {
      for (const [n, en] of ['Marine ', ' Coastal', 'Marine\n', 'Terrestrial '].entries()) {
        await portal.site({ site: site + n, realm: { code: `spaced ${n}`, description: { en } } });
      }
    },
    async (published, site, portal) => {
      const shown = [];
      for (const n of [0, 1, 2, 3]) {
        const row = await published.site(site + n);
        shown.push([row?.marine, row?.marine_type, row?.realm]);
        expect(await published.rejects(site + n)).toEqual([]);
      }
      expect(shown).toEqual([
        ...[
          [true, 2, 'Marine'],
          [true, 1, 'Coastal'],
        ],
        ...[
          [true, 2, 'Marine'],
          [false, 0, 'Terrestrial'],
        ],
      ]);
      expect(await portal.rooms.rows(`select name from staging_realms where name ~ '^\\s|\\s$'`)).toEqual([]);
    },
  );

  rule(
    'of another realm is neither marine nor given a lookup row, and a soft error says so',
    (portal, site) => portal.site({ site, realm: 'Freshwater' }),
    async (published, site, portal) => {
      expect(await published.site(site)).toMatchObject({ realm_id: null, marine: false, marine_type: 0 });
      expect(await published.rejects(site)).toEqual([
        {
          importer: 'protected_areas',
          reason: 'unknown realm: the site is published as not marine',
          details: { realm: 'Freshwater' },
        },
      ]);
      expect(await portal.rooms.rows(`select from staging_realms where name = 'Freshwater'`)).toEqual([]);
    },
  );

  rule(
    'got its legal status on 1 January of the year; NULL and 0 are no year, 20015 is one',
    async (portal, site) => {
      const years = [1999, null, 0, 20015];
      for (const [n, status_year] of years.entries()) await portal.site({ site: site + n, columns: { status_year } });
    },
    async (published, site) => {
      const dates = [];
      for (const n of [0, 1, 2, 3]) {
        dates.push((await published.site(site + n))?.legal_status_date);
        expect(await published.rejects(site + n)).toEqual([]);
      }
      expect(dates).toEqual(['1999-01-01', null, null, '20015-01-01']);
    },
  );

  rule(
    'with a year that no date can have, or one below 0, is published without one, and a soft error says so',
    async (portal, site) => {
      for (const [n, status_year] of [2_000_000_000, -5, -100_000].entries()) {
        await portal.site({ site: site + n, columns: { status_year } });
      }
    },
    async (published, site) => {
      for (const [n, status_yr] of [2_000_000_000, -5, -100_000].entries()) {
        expect(await published.site(site + n)).toMatchObject({ legal_status_date: null });
        expect(await published.rejects(site + n)).toMatchObject([
          { reason: 'no such year: the site has no date of its status', details: { status_yr } },
        ]);
      }
    },
  );

  rule(
    'has a slug of number, name and designation: lower case, no accents, "_" kept',
    async (portal, site) => {
      await portal.site({
        site,
        designation: 'Área de Conservação',
        columns: { english_name: 'El Niño_Ñandú (Øst), Łódź' },
      });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, designation: 'Park', polygon: SQUARE });
      const spelt = 'Þingvellir þ Ħal ħ Ĳssel ĳs ĸ Ŀ ŀ xŉ Ŋuovtta ŋ Œuvre œ Ŧ ŧ 3×4 Ærø ß';
      await portal.site({ site: site + 2, columns: { english_name: spelt } });
    },
    async (published, site) => {
      const words = 'thingvellir-th-hal-h-ijssel-ijs-k-l-l-x-n-nguovtta-ng-oeuvre-oe-t-t-3x4-aero-ss';
      expect((await published.site(site + 2))?.slug).toBe(`${site + 2}-${words}`);
      expect((await published.site(site))?.slug).toBe(`${site}-el-nino_nandu-ost-lodz-area-de-conservacao`);
      expect((await published.site(site + 1))?.slug).toBe(`${site + 1}-site-${site + 1}-park`);
      const [parcel] = await published.parcels(site + 1);
      expect(parcel?.slug).toBe(`${site + 1}-${site + 1}_a-site-${site + 1}-park`);
    },
  );

  rule(
    'has a no-take row of its own, and so has each parcel, whatever others say',
    async (portal, site) => {
      await portal.site({ site, noTake: 'All', columns: { no_take_area: 3 } });
      await portal.site({ site: site + 1, noTake: 'All', columns: { no_take_area: 3 } });
      await portal.site({ site: site + 2, pid: `${site + 2}_A`, noTake: 'All', columns: { no_take_area: 3 } });
      await portal.site({ site: site + 2, pid: `${site + 2}_B` });
    },
    async (published, site) => {
      const rows = [await published.site(site), await published.site(site + 1), await published.site(site + 2)];
      rows.push(...(await published.parcels(site + 2)));
      expect(new Set(rows.map((row) => row?.no_take_status_id)).size).toBe(5);
      expect(rows.map((row) => [row?.no_take, row?.no_take_area])).toEqual([
        ...[
          ['All', '3'],
          ['All', '3'],
          ['All', '3'],
          ['All', '3'],
        ],
        [null, null],
      ]);
    },
  );
});
