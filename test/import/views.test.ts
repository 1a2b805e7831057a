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
