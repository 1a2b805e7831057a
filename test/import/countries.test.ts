import { describe, expect } from 'vitest';
import { rulesOverOneRelease } from './rules.ts';

describe('countries', () => {
  const rule = rulesOverOneRelease();

  rule(
    'that live does not have are soft errors with their code, and the known ones are joined',
    (portal, site) => portal.site({ site, iso3: ['ABNJ', 'KEN', 'XYZ'], parents: ['XYZ'] }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ countries: ['KEN'], parent_iso3: 'XYZ' });
      const reason = 'unknown country code: the site is not joined to it';
      expect(await published.rejects(site)).toEqual([
        { importer: 'protected_areas', reason, details: { iso3: 'ABNJ' } },
        { importer: 'protected_areas', reason, details: { iso3: 'XYZ' } },
      ]);
    },
  );

  rule(
    'are joined by code, case and all',
    (portal, site) => portal.site({ site, iso3: ['ken'] }),
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ countries: [] });
      expect(await published.rejects(site)).toMatchObject([{ details: { iso3: 'ken' } }]);
    },
  );

  rule(
    'with one code twice in live count once: the lowest id is joined',
    async (portal, site) => {
      for (const id of [90_002, 90_001]) {
        await portal.rooms.rows(
          `insert into countries (id, name, iso_3, created_at, updated_at) values ($1, 'Twin', 'TWN2', now(), now())`,
          [id],
        );
      }
      await portal.site({ site, pid: `${site}_A`, iso3: ['TWN2'] });
    },
    async (published, site, portal) => {
      expect(await published.site(site)).toMatchObject({ countries: ['TWN2'] });
      expect(await published.parcels(site)).toMatchObject([{ countries: ['TWN2'] }]);
      const joined = await portal.rooms.rows(
        `select country_id from staging_countries_protected_areas where country_id in (90001, 90002)
         union all select country_id::int from staging_countries_protected_area_parcels where country_id in (90001, 90002)`,
      );
      expect(joined).toEqual([{ country_id: 90_001 }, { country_id: 90_001 }]);
    },
  );

  rule(
    'that the website hides (IOT) are joined like any other',
    (portal, site) => portal.site({ site, iso3: ['IOT'] }),
    async (published, site) => expect(await published.site(site)).toMatchObject({ countries: ['IOT'] }),
  );
});
