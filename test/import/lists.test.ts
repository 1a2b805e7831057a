import { describe, expect } from 'vitest';
import { POINT } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const POLYGONS = 'portal_standard_polygons';
const POINTS = 'portal_standard_points';

describe('lists', () => {
  const rule = rulesOverOneRelease();
  const THIRTEEN = ['TZA', 'ALB', 'BEL', 'BGR', 'CHE', 'DEU', 'ESP', 'HRV', 'ITA', 'AUT', 'POL', 'ROU', 'SVN'];

  rule(
    'are distinct, in order, with ";" and no space',
    (portal, site) =>
      portal.site({
        site,
        iso3: ['KEN', 'BWA', 'UGA'],
        parents: ['GBR', 'FRA'],
        criteria: ['(x)', '(vii)', { code: 'c7', description: { en: '(vii)' } }],
        governanceSubtypes: ['Zeta', 'Alpha', { code: 'a2', description: { en: 'Alpha' } }],
        ownershipSubtypes: ['Crown', 'Church', { code: 'o2', description: { en: 'Church' } }],
        assessments: ['Screening', 'Full', { code: 'f2', description: { en: 'Full' } }],
      }),
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toMatchObject([
        {
          iso3: 'BWA;KEN;UGA',
          prnt_iso3: 'FRA;GBR',
          int_crit: '(vii);(x)',
          govsubtype: 'Alpha;Zeta',
          ownsubtype: 'Church;Crown',
          oecm_asmt: 'Full;Screening',
        },
      ]);
    },
  );

  rule(
    'are the same for a point',
    (portal, site) =>
      portal.site({
        site,
        point: POINT,
        iso3: ['UGA', 'KEN'],
        parents: ['GBR', 'FRA'],
        criteria: ['(x)', '(vii)'],
        governanceSubtypes: ['Zeta', 'Alpha'],
        ownershipSubtypes: ['Crown', 'Church'],
        assessments: ['Screening', 'Full'],
      }),
    async (published, site) => {
      expect(await published.view(POINTS, site)).toMatchObject([
        { iso3: 'KEN;UGA', prnt_iso3: 'FRA;GBR', int_crit: '(vii);(x)' },
      ]);
      expect(await published.view(POINTS, site)).toMatchObject([
        { govsubtype: 'Alpha;Zeta', ownsubtype: 'Church;Crown', oecm_asmt: 'Full;Screening' },
      ]);
    },
  );

  rule(
    'are NULL where there is nothing to list',
    (portal, site) => portal.site({ site }),
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toMatchObject([
        { iso3: null, prnt_iso3: null, int_crit: null, govsubtype: null, ownsubtype: null, oecm_asmt: null },
      ]);
    },
  );

  rule(
    'hold nothing of archived or restricted rows of the same key',
    async (portal, site) => {
      const more = (n: number) => ({
        iso3: [['FRA'], ['DEU'], ['ITA'], ['ESP']][n] ?? [],
        parents: [['FRA'], ['DEU'], ['ITA'], ['ESP']][n] ?? [],
        criteria: [['(i)'], ['(ii)'], ['(iii)'], ['(iv)']][n] ?? [],
      });
      await portal.site({ site, ...more(0) });
      await portal.site({ site, archived: true, ...more(1) });
      await portal.site({ site, restriction: 'restricted', ...more(2) });
      await portal.site({ site, restriction: null, ...more(3) });
    },
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toMatchObject([{ iso3: 'FRA', prnt_iso3: 'FRA', int_crit: '(i)' }]);
    },
  );

  rule(
    'of countries are not cut, and all thirteen are joined',
    (portal, site) => portal.site({ site, iso3: THIRTEEN, parents: THIRTEEN }),
    async (published, site) => {
      const all = THIRTEEN.toSorted();
      expect(await published.view(POLYGONS, site)).toMatchObject([{ iso3: all.join(';'), prnt_iso3: all.join(';') }]);
      expect(await published.site(site)).toMatchObject({ countries: all, parent_iso3: all.join(';') });
    },
  );

  rule(
    'belong to one parcel each',
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_A`, iso3: ['FRA'] });
      await portal.site({ site, pid: `${site}_B`, iso3: ['DEU'] });
    },
    async (published, site) => {
      expect((await published.view(POLYGONS, site)).map((row) => row.iso3)).toEqual(['FRA', 'DEU']);
    },
  );
});
