import { describe, expect } from 'vitest';
import type { PortalRows } from '../support/portal_rows.ts';
import { rulesOverOneRelease } from './rules.ts';

describe('a source of evaluations', () => {
  const rule = rulesOverOneRelease();
  const read = (portal: PortalRows, id: number) =>
    portal.rooms.rows('select id, data_title, resp_party, year, language from staging_pame_sources where id = $1', [
      id,
    ]);

  rule(
    'has its eff_metaid for an id, is published whether or not anything was evaluated, and keeps its NULLs',
    async (portal, site) => {
      const said = { data_title: 't', resp_party: 'p', year: 2010, language: 'English' };
      await portal.pameSource({ eff_metaid: site, ...said });
      await portal.pameSource({ eff_metaid: site + 1 });
    },
    async (_published, site, portal) => {
      expect(await read(portal, site)).toEqual([
        { id: site, data_title: 't', resp_party: 'p', year: 2010, language: 'English' },
      ]);
      expect(await read(portal, site + 1)).toEqual([
        { id: site + 1, data_title: null, resp_party: null, year: null, language: null },
      ]);
    },
  );

  rule(
    'with the eff_metaid of another is a soft error: the first by the portal stays',
    async (portal, site) => {
      await portal.pameSource({ id: 80_002, eff_metaid: site, data_title: 'second' });
      await portal.pameSource({ id: 80_001, eff_metaid: site, data_title: 'first' });
    },
    async (published, site, portal) => {
      expect(await read(portal, site)).toMatchObject([{ data_title: 'first' }]);
      expect(await published.rejects(site)).toMatchObject([
        { importer: 'pame_sources', reason: 'a second source with this eff_metaid' },
      ]);
    },
  );

  rule(
    'without an eff_metaid is a soft error',
    (portal, site) => portal.pameSource({ id: 80_000 + site, eff_metaid: null }),
    async (published, site) => {
      expect(await published.rejects(`portal row ${80_000 + site}`)).toMatchObject([
        { importer: 'pame_sources', reason: 'no eff_metaid' },
      ]);
    },
  );
});
