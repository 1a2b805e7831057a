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

const RARE = [
  'POINT(1 2 3 4)',
  'CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))',
  'MULTISURFACE(((0 0,0 1,1 1,0 0)))',
  'COMPOUNDCURVE((0 0,1 1),(1 1,2 0))',
  'TRIANGLE((0 0,0 1,1 1,0 0))',
  'TIN(((0 0 0,0 1 0,1 1 0,0 0 0)))',
  // On both sides of the antimeridian.
  'MULTIPOLYGON(((179 0,179 1,180 1,180 0,179 0)),((-180 0,-180 1,-179 1,-179 0,-180 0)))',
];

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
    'of the rarer kinds is taken as it is too, with a centroid',
    async (portal, site) => {
      for (const [n, shape] of RARE.entries()) await portal.site({ site: site + n, polygon: `SRID=4326;${shape}` });
    },
    async (published, site) => {
      for (const [n, shape] of RARE.entries()) {
        expect(await published.site(site + n)).toMatchObject({
          ...{ shape: `SRID=4326;${shape}`, the_geom_longitude: expect.stringMatching(/^[-0-9.e]+$/) },
        });
        expect([shape, await published.rejects(site + n)]).toEqual([shape, []]);
      }
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
    'that is empty is published without coordinates, and a soft error says so',
    async (portal, site) => {
      await portal.site({ site, polygon: 'SRID=4326;POLYGON EMPTY' });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, point: 'SRID=4326;MULTIPOINT EMPTY' });
      await portal.site({ site: site + 2, polygon: 'SRID=4326;GEOMETRYCOLLECTION EMPTY' });
      // The point is used, so that it does not matter what the polygon is.
      await portal.site({ site: site + 3, polygon: 'SRID=4326;POLYGON EMPTY', point: POINT });
    },
    async (published, site) => {
      const reason = 'an empty shape: published without coordinates';
      const types = ['POLYGON', 'MULTIPOINT', 'GEOMETRYCOLLECTION'];
      for (const [n, type] of types.entries()) {
        expect(await published.site(site + n)).toMatchObject({ the_geom_longitude: null, the_geom_latitude: null });
        const told = await published.rejects(site + n);
        expect(told).toEqual([{ importer: 'protected_areas', reason, details: { type } }]);
      }
      expect((await published.rejects(site + 3)).map((told) => told.reason)).not.toContain(reason);
    },
  );

  rule(
    'outside the world is published as it is, and a soft error says so; on its edge it is inside',
    async (portal, site) => {
      await portal.site({ site, point: 'SRID=4326;POINT(500.66 500.33)' });
      const pid = `${site + 1}_A`;
      await portal.site({ site: site + 1, pid, polygon: 'SRID=4326;POLYGON((179 0,179 1,180.5 1,180.5 0,179 0))' });
      await portal.site({ site: site + 2, point: 'SRID=4326;POINT(0 -90.0001)' });
      await portal.site({
        site: site + 3,
        polygon: 'SRID=4326;POLYGON((-180 -90,-180 90,180 90,180 -90,-180 -90))',
      });
      await portal.site({ site: site + 4, point: 'SRID=4326;MULTIPOINT(180 1,-180 1)' });
      await portal.site({
        site: site + 5,
        polygon: 'SRID=4326;POLYGON((200 0,200 1,201 1,201 0,200 0))',
        point: POINT,
      });
    },
    async (published, site) => {
      const reason = 'coordinates outside the world: published as they are';
      const told = async (n: number) => (await published.rejects(site + n)).filter((one) => one.reason === reason);
      expect((await published.site(site))?.shape).toBe('SRID=4326;POINT(500.66 500.33)');
      expect(await published.site(site)).toMatchObject({ the_geom_longitude: '500.66' });
      expect((await told(0)).map(({ details }) => details)).toEqual([
        { longitude: [500.66, 500.66], latitude: [500.33, 500.33] },
      ]);
      expect((await told(1)).map(({ details }) => details)).toEqual([{ longitude: [179, 180.5], latitude: [0, 1] }]);
      expect(await published.rejects(`${site + 1}/${site + 1}_A`)).toHaveLength(1);
      expect(await told(2)).toHaveLength(1);
      for (const n of [3, 4, 5]) expect([n, await told(n)]).toEqual([n, []]);
    },
  );

  rule(
    'on the meridian of Greenwich or the equator has the coordinate 0, never -0',
    async (portal, site) => {
      // PostGIS finds the centroid of this square at -0.
      const polygon = 'SRID=4326;POLYGON((-1 -1,-1 1,1 1,1 -1,-1 -1))';
      await portal.site({ site, polygon });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, polygon });
    },
    async (published, site) => {
      const zero = { the_geom_longitude: '0', the_geom_latitude: '0' };
      expect(await published.site(site)).toMatchObject(zero);
      expect(await published.site(site + 1)).toMatchObject(zero);
      expect(await published.parcels(site + 1)).toMatchObject([zero]);
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
