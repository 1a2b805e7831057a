import { describe, expect } from 'vitest';
import { POINT, SQUARE } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const POLYGONS = 'portal_standard_polygons';
const POINTS = 'portal_standard_points';

describe('which rows of the portal are published', () => {
  const rule = rulesOverOneRelease();

  rule(
    'those with code "not restricted" or "commercial restriction"',
    async (portal, site) => {
      await portal.site({ site, restriction: 'not restricted' });
      await portal.site({ site: site + 1, restriction: 'commercial restriction', point: POINT });
    },
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toHaveLength(1);
      expect(await published.view(POINTS, site + 1)).toHaveLength(1);
    },
  );

  rule(
    'none with another code, however like those two',
    async (portal, site) => {
      const others = ['restricted', 'Not Restricted', 'not restricted ', 'commercial restrictions'];
      for (const [n, restriction] of others.entries()) {
        await portal.site({ site: site + n, restriction });
        await portal.site({ site: site + n, restriction, pid: `${site + n}_A`, point: POINT });
      }
    },
    async (published, site) => {
      for (const n of [0, 1, 2, 3]) {
        expect(await published.view(POLYGONS, site + n)).toEqual([]);
        expect(await published.view(POINTS, site + n)).toEqual([]);
      }
    },
  );

  rule(
    'none without a restriction level',
    (portal, site) => portal.site({ site, restriction: null }),
    async (published, site) => expect(await published.view(POLYGONS, site)).toEqual([]),
  );

  rule(
    'none that is archived; its successor of the same key is',
    async (portal, site) => {
      await portal.site({ site, archived: true, columns: { english_name: 'Old', status_year: 2020 } });
      await portal.site({ site, columns: { english_name: 'New', status_year: 2010 } });
      await portal.site({ site: site + 1, archived: true, point: POINT });
    },
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toMatchObject([{ name_eng: 'New', status_yr: 2010 }]);
      expect(await published.view(POINTS, site + 1)).toEqual([]);
    },
  );

  rule(
    'none without a row in spatial_data; one with a row that has no geometry is',
    async (portal, site) => {
      await portal.site({ site, polygon: null });
      const id = await portal.site({ site: site + 1, polygon: null });
      await portal.shape(id, 1, null);
    },
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toEqual([]);
      expect(await published.view(POLYGONS, site + 1)).toMatchObject([{ wkb_geometry: null }]);
    },
  );

  rule(
    'is_polygon 0 among the points, 1 among the polygons, anything else nowhere',
    async (portal, site) => {
      await portal.site({ site, point: POINT });
      await portal.site({ site: site + 1, polygon: SQUARE });
      const id = await portal.site({ site: site + 2, polygon: null });
      await portal.shape(id, 2, SQUARE);
    },
    async (published, site) => {
      const where = async (n: number) => [
        (await published.view(POINTS, n)).length,
        (await published.view(POLYGONS, n)).length,
      ];
      expect([await where(site), await where(site + 1), await where(site + 2)]).toEqual([
        [1, 0],
        [0, 1],
        [0, 0],
      ]);
    },
  );
});

describe('labels', () => {
  const rule = rulesOverOneRelease();
  const entry = (code: string, description: Record<string, unknown> | null) => ({ code, description });

  rule(
    'are the English description; without one the code, and an empty description wins',
    async (portal, site) => {
      await portal.site({ site, status: entry('s1', { en: 'Inscribed here', fr: 'Inscrit' }) });
      await portal.site({ site: site + 1, status: entry('s2', null) });
      await portal.site({ site: site + 2, status: entry('s3', { fr: 'Inscrit' }) });
      await portal.site({ site: site + 3, status: entry('s4', { en: '' }) });
      await portal.site({ site: site + 4 });
    },
    async (published, site) => {
      const shown = [];
      for (const n of [0, 1, 2, 3, 4]) shown.push((await published.view(POLYGONS, site + n))[0]?.status);
      expect(shown).toEqual(['Inscribed here', 's2', 's3', '', null]);
    },
  );

  rule(
    'come from the row itself, not from a newer archived or restricted row of its key',
    async (portal, site) => {
      await portal.site({ site, realm: 'Coastal', columns: { status_year: 2000 } });
      await portal.site({ site, realm: 'Marine', restriction: 'restricted', columns: { status_year: 2020 } });
      await portal.site({ site, realm: 'Terrestrial', archived: true, columns: { status_year: null } });
    },
    async (published, site) => {
      expect(await published.view(POLYGONS, site)).toMatchObject([{ realm: 'Coastal', status_yr: 2000 }]);
    },
  );

  rule(
    'of a designation: its catalog entry if there is one, even an empty one, else the text',
    async (portal, site) => {
      const columns = { english_designation_text: 'As written' };
      await portal.site({ site, designation: entry('d1', { en: 'National Park' }), columns });
      await portal.site({ site: site + 1, designation: entry('d2', { en: '' }), columns });
      await portal.site({ site: site + 2, columns });
      await portal.site({ site: site + 3 });
    },
    async (published, site) => {
      const shown = [];
      for (const n of [0, 1, 2, 3]) shown.push((await published.view(POLYGONS, site + n))[0]?.desig_eng);
      expect(shown).toEqual(['National Park', '', 'As written', null]);
    },
  );
});

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
