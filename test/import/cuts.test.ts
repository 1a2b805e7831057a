import { describe, expect } from 'vitest';
import { POINT } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const long = (letter: string) => letter.repeat(700);
/** Three labels that together are longer than any column; each begins with its letter. */
const three = (length: number) => ['a', 'b', 'c'].map((letter) => letter.repeat(length));

const ATTRIBUTES = {
  type: long('t'),
  realm: long('r'),
  designation: long('d'),
  jurisdiction: long('j'),
  iucn: long('i'),
  noTake: long('n'),
  status: long('s'),
  governance: long('g'),
  owner: long('o'),
  verif: long('v'),
  objective: long('c'),
  waters: long('w'),
  criteria: three(60),
  governanceSubtypes: three(120),
  ownershipSubtypes: three(120),
  assessments: three(120),
  columns: {
    // A character is no byte: cuts count characters.
    english_name: `é${long('e')}`,
    original_name: long('n'),
    original_designation: long('d'),
    management_authority: long('m'),
    management_plan: long('p'),
    supplemental_info: long('x'),
  },
};

const LENGTHS = {
  site_type: 20,
  realm: 20,
  desig_type: 20,
  iucn_cat: 20,
  verif: 20,
  no_take: 50,
  status: 100,
  cons_obj: 100,
  inlnd_wtrs: 100,
  int_crit: 100,
  ...Object.fromEntries(
    [
      ...['name_eng', 'name', 'desig', 'desig_eng', 'gov_type', 'own_type'],
      ...['govsubtype', 'ownsubtype', 'oecm_asmt', 'mang_auth', 'mang_plan', 'supp_info'],
    ].map((column) => [column, 254]),
  ),
};

const lengths = (row: Record<string, unknown> | undefined, columns: Record<string, number>) =>
  Object.fromEntries(Object.keys(columns).map((column) => [column, [...String(row?.[column])].length]));

describe('texts are cut, silently, at', () => {
  const rule = rulesOverOneRelease();

  rule(
    'the lengths of the public format, in polygons and points',
    async (portal, site) => {
      await portal.site({ site, ...ATTRIBUTES });
      await portal.site({ site: site + 1, ...ATTRIBUTES, point: POINT });
    },
    async (published, site) => {
      const [polygon] = await published.view('portal_standard_polygons', site);
      const [point] = await published.view('portal_standard_points', site + 1);
      expect(lengths(polygon, LENGTHS)).toEqual(LENGTHS);
      expect(lengths(point, LENGTHS)).toEqual(LENGTHS);
      expect(String(polygon?.name_eng)).toMatch(/^ée+$/);
    },
  );

  rule(
    '52 for a parcel id',
    (portal, site) => portal.site({ site, pid: `${site}_${long('a')}` }),
    async (published, site) => {
      const pid = `${site}_${long('a')}`.slice(0, 52);
      expect(await published.pids(site)).toEqual([pid]);
    },
  );

  rule(
    '52 for the parcel id of an evaluation and of a certificate, which are those of the parcel all the same',
    async (portal, site) => {
      const pid = `${site}_${long('a')}`;
      await portal.site({ site, pid });
      await portal.evaluation({ site, pid });
      await portal.greenList({ site, pid });
    },
    async (published, site, portal) => {
      const pid = `${site}_${long('a')}`.slice(0, 52);
      expect(await published.view('portal_standard_pame', site)).toMatchObject([{ site_pid: pid }]);
      expect(await published.view('portal_standard_greenlist', site)).toMatchObject([{ site_pid: pid }]);
      expect(await published.parcels(site)).toMatchObject([{ green_list_status_id: expect.anything() }]);
      const [parcel] = await published.parcels(site);
      expect(
        await portal.rooms.rows('select from staging_pame_evaluations where protected_area_parcel_id = $1', [
          parcel?.id,
        ]),
      ).toHaveLength(1);
    },
  );

  rule(
    '255, 259, 261 and 264 for a source',
    async (portal, site) => {
      const provider_id = await portal.insert('wdpa.provider', { responsible_party: long('p') });
      const texts = ['data_title', 'verifier', 'year', 'update_year', 'language', 'character_set', 'reference_system'];
      const more = ['scale', 'lineage', 'citation', 'disclaimer'];
      const columns = Object.fromEntries([...texts, ...more].map((column) => [column, long('x')]));
      const source_id = await portal.source({ originator_id: site, provider_id, ...columns });
      await portal.site({ site, columns: { source_id } });
    },
    async (_published, site, portal) => {
      const rows = await portal.rooms.rows('select * from staging_portal_standard_sources where metadataid = $1', [
        site,
      ]);
      const expected = {
        ...{ data_title: 255, resp_party: 255, year: 255, update_yr: 255, language: 255, char_set: 255 },
        ...{ ref_system: 255, scale: 255, verifier: 259, lineage: 264, citation: 261, disclaimer: 264 },
      };
      expect(lengths(rows[0], expected)).toEqual(expected);
    },
  );

  rule(
    '255 and 500 for an evaluation and its source',
    async (portal, site) => {
      await portal.site({ site });
      const pame_source_id = await portal.pameSource({
        ...{ eff_metaid: site, data_title: long('t'), resp_party: long('p') },
        ...{ resp_email: long('e'), resp_pers: long('q'), language: long('l') },
      });
      const answer = (catalog: string) => portal.entry(`pame.${catalog}_cat`, long('a'));
      const columns = {
        pame_source_id,
        asmt_id: site,
        asmt_url: long('u'),
        info_url: long('i'),
        verification_effectiveness_id: await answer('verification_effectiveness'),
        governance_action_id: await answer('governance_action'),
        governance_assessment_id: await answer('governance_assessment'),
        designation_purpose_other_id: await answer('designation_purpose_other'),
        outcomes_biodiversity_id: await answer('outcomes_biodiversity'),
        management_objectives_set_id: await answer('management_objectives_set'),
        management_objectives_managed_id: await answer('management_objectives_managed'),
        management_adaptation_id: await answer('management_adaptation'),
        management_staff_id: await answer('management_staff'),
        management_budget_id: await answer('management_budget'),
        management_threats_id: await answer('management_threats'),
        management_monitoring_id: await answer('management_monitoring'),
      };
      const pame_id = await portal.evaluation({ site, method: long('m'), columns });
      for (const label of three(120)) {
        const catalog = 'pame.designation_purpose_biodiversity_cat';
        await portal.insert('pame.pame_designation_purpose_biodiversity_cats', {
          id: null,
          pame_id,
          designation_purpose_biodiversity_cat_id: await portal.entry(catalog, label),
        });
      }
    },
    async (_published, site, portal) => {
      const answers = [
        ...['method', 'verif_eff', 'gov_act', 'gov_asmt', 'dp_bio', 'dp_other', 'mgmt_obset', 'mgmt_obman'],
        ...['mgmt_adapt', 'mgmt_staff', 'mgmt_budgt', 'mgmt_thrts', 'mgmt_mon', 'out_bio'],
      ];
      const expected = { ...Object.fromEntries(answers.map((column) => [column, 255])), asmt_url: 500, info_url: 500 };
      const [evaluation] = await portal.rooms.rows('select * from staging_portal_standard_pame where asmt_id = $1', [
        site,
      ]);
      expect(lengths(evaluation, expected)).toEqual(expected);
      const [source] = await portal.rooms.rows(
        'select * from staging_portal_standard_pame_sources where eff_metaid = $1',
        [site],
      );
      const ofSource = { data_title: 255, resp_party: 255, resp_email: 255, resp_pers: 255, language: 255 };
      expect(lengths(source, ofSource)).toEqual(ofSource);
    },
  );

  rule(
    '50 for a Green List status and 500 for its link',
    async (portal, site) => {
      await portal.site({ site });
      await portal.greenList({ site, status: long('g'), columns: { gl_link: long('l') } });
    },
    async (published, site) => {
      const [row] = await published.view('portal_standard_greenlist', site);
      expect(lengths(row, { gl_status: 50, gl_link: 500 })).toEqual({ gl_status: 50, gl_link: 500 });
    },
  );
});
