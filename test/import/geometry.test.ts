import { describe, expect } from 'vitest';
import { POINT, SQUARE } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

const SHAPES = {
  polygon: 'POLYGON((0 0,0 1,1 1,1 0,0 0))',
  multipolygon: 'MULTIPOLYGON(((0 0,0 1,1 1,1 0,0 0)),((5 5,5 6,6 6,6 5,5 5)))',
  line: 'LINESTRING(0 0,1 1)',
  collection: 'GEOMETRYCOLLECTION(POINT(1 1),POLYGON((0 0,0 1,1 1,1 0,0 0)))',
  height: 'POLYGON((0 0 5,0 1 5,1 1 5,1 0 5,0 0 5))',
  empty: 'POLYGON EMPTY',
};

describe('geometry', () => {
  const rule = rulesOverOneRelease();

  rule(
    'of every type is taken as it is: nothing is buffered, made multi, flattened or repaired',
    async (portal, site) => {
      for (const [n, shape] of Object.values(SHAPES).entries()) {
        await portal.site({ site: site + n, polygon: `SRID=4326;${shape}` });
      }
      await portal.site({ site: site + 6, point: 'SRID=4326;MULTIPOINT((1 2),(3 4))' });
    },
    async (published, site) => {
      for (const [n, shape] of Object.values(SHAPES).entries()) {
        expect(await published.site(site + n)).toMatchObject({ shape: `SRID=4326;${shape}` });
      }
      expect((await published.site(site + 6))?.shape).toMatch(/^SRID=4326;MULTIPOINT/);
    },
  );

  rule(
    'of a polygon row may be a point, and of a point row a polygon',
    async (portal, site) => {
      await portal.site({ site, polygon: POINT });
      await portal.site({ site: site + 1, point: SQUARE });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ shape: POINT });
      expect((await published.site(site + 1))?.shape).toMatch(/POLYGON/);
    },
  );

  rule(
    'may be missing: the site is published without a shape and a centroid',
    async (portal, site) => {
      const id = await portal.site({ site, polygon: null });
      await portal.shape(id, 1, null);
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({
        ...{ shape: null, the_geom_longitude: null, the_geom_latitude: null },
      });
    },
  );

  rule(
    'has its centroid as text, for sites and parcels: longitude is X, latitude Y',
    async (portal, site) => {
      await portal.site({ site, polygon: SQUARE });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, point: 'SRID=4326;POINT(-20.25 5.5)' });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ the_geom_longitude: '11', the_geom_latitude: '11' });
      const there = { the_geom_longitude: '-20.25', the_geom_latitude: '5.5' };
      expect(await published.site(site + 1)).toMatchObject(there);
      expect(await published.parcels(site + 1)).toMatchObject([there]);
    },
  );

  const both = { polygon: SQUARE, point: POINT };

  rule(
    'of a key in both views is the point, its attributes are the polygon, and a soft error says so',
    async (portal, site) => {
      await portal.site({ site, ...both, columns: { gis_area: 4 } });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ shape: POINT, gis_area: '4', the_geom_longitude: '20' });
      expect(await published.pids(site)).toEqual([]);
      expect(await published.rejects(site)).toEqual([
        {
          importer: 'protected_areas',
          reason: 'the same key is in polygons and points: attributes of the polygon, geometry of the point are used',
          details: { view: 'points' },
        },
      ]);
    },
  );

  rule(
    'of a parcel in both views is the same: one parcel, with the point',
    (portal, site) => portal.site({ site, pid: `${site}_A`, ...both, columns: { gis_area: 4 } }),
    async (published, site) => {
      expect(await published.parcels(site)).toMatchObject([{ shape: POINT, gis_area: '4' }]);
      expect(await published.site(site)).toMatchObject({ shape: POINT, gis_area: '4' });
      expect(await published.rejects(site)).toHaveLength(1);
    },
  );

  rule(
    'of a key in both views is the polygon where the point has none',
    async (portal, site) => {
      for (const pid of [`${site}`, `${site + 1}_A`]) {
        const id = await portal.site({ site: Number(pid.split('_')[0]), pid, polygon: SQUARE });
        await portal.shape(id, 0, null);
      }
    },
    async (published, site) => {
      expect((await published.site(site))?.shape).toMatch(/POLYGON/);
      expect(await published.site(site)).toMatchObject({ the_geom_longitude: '11' });
      expect((await published.site(site + 1))?.shape).toMatch(/POLYGON/);
      expect((await published.parcels(site + 1))[0]?.shape).toMatch(/POLYGON/);
    },
  );

  rule(
    'stands in the view without length and area',
    (portal, site) => portal.site({ site }),
    async (published, site) => {
      const [row] = await published.view('portal_standard_polygons', site);
      expect(row).toMatchObject({ shape_length: null, shape_area: null });
    },
  );
});
