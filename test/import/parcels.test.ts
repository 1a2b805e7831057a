import { describe, expect } from 'vitest';
import { POINT } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

describe('sites with parcels', () => {
  const rule = rulesOverOneRelease();

  rule(
    'have "_" in a pid; without it the one row is the site and no parcel',
    (portal, site) => portal.site({ site }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: String(site) });
      expect(await published.pids(site)).toEqual([]);
    },
  );

  rule(
    'a lone X_A is both the site and a parcel',
    (portal, site) => portal.site({ site, pid: `${site}_A` }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}_A` });
      expect(await published.pids(site)).toEqual([`${site}_A`]);
    },
  );

  rule(
    'of X and X_B, X_B stands for the site and both are parcels',
    async (portal, site) => {
      await portal.site({ site });
      await portal.site({ site, pid: `${site}_B`, columns: { english_name: 'B' } });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}_B`, name: 'B' });
      expect(await published.pids(site)).toEqual([`${site}`, `${site}_B`]);
    },
  );

  rule(
    'the "_" of a row that is set aside counts, but it does not stand for the site',
    async (portal, site) => {
      await portal.site({ site });
      await portal.site({ site, pid: `${site}_A`, type: null });
      await portal.site({ site: site + 1, pid: `${site + 1}_A`, type: null });
      await portal.site({ site: site + 1, pid: `${site + 1}_B` });
      await portal.site({ site: site + 2, pid: `${site + 2}_A`, type: null });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}` });
      expect(await published.pids(site)).toEqual([`${site}`]);
      expect(await published.rejects(site)).toMatchObject([{ reason: 'no site type: neither PA nor OECM' }]);
      expect(await published.site(site + 1)).toMatchObject({ site_pid: `${site + 1}_B` });
      expect(await published.pids(site + 1)).toEqual([`${site + 1}_B`]);
      expect(await published.site(site + 2)).toBeUndefined();
    },
  );

  rule(
    'the first by text stands for the site, not the first by number',
    async (portal, site) => {
      for (const part of ['9', '10', '2']) await portal.site({ site, pid: `${site}_${part}` });
    },
    async (published, site) => expect(await published.site(site)).toMatchObject({ site_pid: `${site}_10` }),
  );

  rule(
    "a point's parcel stands for the site before a polygon's",
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_A` });
      await portal.site({ site, pid: `${site}_C`, point: POINT });
      await portal.site({ site, pid: `${site}_D`, point: POINT });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}_C`, shape: POINT });
      expect(await published.pids(site)).toEqual(['A', 'C', 'D'].map((part) => `${site}_${part}`));
    },
  );

  rule(
    'the first of several points with "_", whatever the points without it',
    async (portal, site) => {
      await portal.site({ site, point: POINT });
      for (const part of ['D', 'B', 'C']) await portal.site({ site, pid: `${site}_${part}`, point: POINT });
    },
    async (published, site) => expect(await published.site(site)).toMatchObject({ site_pid: `${site}_B` }),
  );

  rule(
    'the first by text as this database orders it, small letters and all',
    async (portal, site) => {
      for (const part of ['b', 'B', 'a', 'Z', 'é']) await portal.site({ site, pid: `${site}_${part}` });
    },
    async (published, site, portal) => {
      const [first] = await portal.rooms.rows(`select min($1 || part) as pid from unnest('{b,B,a,Z,é}'::text[]) part`, [
        `${site}_`,
      ]);
      expect(await published.site(site)).toMatchObject({ site_pid: first?.pid });
    },
  );

  rule(
    'a point without "_" does not stand before a polygon with it',
    async (portal, site) => {
      await portal.site({ site, point: POINT });
      await portal.site({ site, pid: `${site}_B` });
    },
    async (published, site) => expect(await published.site(site)).toMatchObject({ site_pid: `${site}_B` }),
  );

  rule(
    "the site's row has its own parcel's areas and shape, no sums",
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_A`, columns: { reported_area: 1, gis_area: 2 } });
      const other = 'SRID=4326;POLYGON((0 0, 0 1, 1 1, 1 0, 0 0))';
      await portal.site({ site, pid: `${site}_B`, polygon: other, columns: { reported_area: 10, gis_area: 20 } });
    },
    async (published, site) => {
      const row = await published.site(site);
      const [a, b] = await published.parcels(site);
      expect(row).toMatchObject({ reported_area: '1', gis_area: '2', shape: a?.shape });
      expect(b).toMatchObject({ reported_area: '10', gis_area: '20' });
      expect(b?.shape).not.toBe(a?.shape);
    },
  );

  rule(
    'a second pid without "_" has no place and is set aside',
    async (portal, site) => {
      await portal.site({ site, columns: { english_name: 'first' } });
      await portal.site({ site, pid: `${site}0`, columns: { english_name: 'second' } });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ name: 'first' });
      expect(await published.pids(site)).toEqual([]);
      expect(await published.rejects(site)).toEqual([
        {
          importer: 'protected_areas',
          reason: 'a second parcel without "_" in its id: only one row of such a site can be published',
          details: { view: 'polygons' },
        },
      ]);
    },
  );

  rule(
    'a polygon without "_" comes before such a point',
    async (portal, site) => {
      await portal.site({ site, pid: `${site}0` });
      await portal.site({ site, point: POINT });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}0` });
      expect(await published.rejects(`${site}/${site}`)).toMatchObject([{ details: { view: 'points' } }]);
    },
  );

  rule(
    'each parcel has its own countries and source',
    async (portal, site) => {
      const source = (n: number) => portal.source({ originator_id: site + n, data_title: `Source ${n}` });
      await portal.site({ site, pid: `${site}_A`, iso3: ['KEN'], columns: { source_id: await source(1) } });
      await portal.site({ site, pid: `${site}_B`, iso3: ['UGA'], columns: { source_id: await source(2) } });
    },
    async (published, site) => {
      const a = { countries: ['KEN'], sources: ['Source 1'] };
      expect(await published.site(site)).toMatchObject(a);
      expect(await published.parcels(site)).toMatchObject([a, { countries: ['UGA'], sources: ['Source 2'] }]);
    },
  );
});
