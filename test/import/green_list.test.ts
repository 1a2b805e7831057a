import { describe, expect } from 'vitest';
import { rulesOverOneRelease } from './rules.ts';

const LISTED = 'Green Listed';
const RESTRICTED = { archived: false, restriction: 'restricted' };

describe('a Green List record', () => {
  const rule = rulesOverOneRelease();

  rule(
    'marks its site with status, expiry and link',
    async (portal, site) => {
      await portal.site({ site });
      const columns = { gl_expiry: 2027, gl_link: 'http://gl' };
      await portal.greenList({ site, status: { code: 'relist', description: { en: 'Re-Listed ' } }, columns });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({
        ...{ gl_status: 'Re-Listed ', gl_expiry: '2027-12-31', gl_link: 'http://gl' },
      });
    },
  );

  rule(
    'of a parcel marks the parcel, and the row of the site stays unmarked',
    async (portal, site) => {
      await portal.site({ site, pid: `${site}_A` });
      await portal.site({ site, pid: `${site}_B` });
      await portal.greenList({ site, pid: `${site}_A`, status: LISTED });
    },
    async (published, site) => {
      expect((await published.parcels(site)).map((row) => row.gl_status)).toEqual([LISTED, null]);
      expect(await published.site(site)).toMatchObject({ site_pid: `${site}_A`, gl_status: null });
    },
  );

  rule(
    'with a blank pid means the pid that is the number of the site: a parcel of that name, else the site',
    async (portal, site) => {
      await portal.site({ site, pid: '' });
      await portal.greenList({ site, pid: '', status: LISTED });
      await portal.site({ site: site + 1, pid: ' ' });
      await portal.site({ site: site + 1 });
      await portal.site({ site: site + 1, pid: `${site + 1}_A` });
      await portal.greenList({ site: site + 1, pid: ' ', status: 'Candidate' });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ gl_status: LISTED });
      const marks = (await published.parcels(site + 1)).map((row) => [row.site_pid, row.gl_status]);
      expect(Object.fromEntries(marks)).toEqual({
        ...{ ' ': null, [`${site + 1}`]: 'Candidate', [`${site + 1}_A`]: null },
      });
      expect(await published.site(site + 1)).toMatchObject({ gl_status: null });
    },
  );

  rule(
    'without a parcel_id is of the site as a whole',
    async (portal, site) => {
      await portal.site({ site });
      await portal.greenList({ site, pid: null, status: LISTED });
      await portal.site({ site: site + 1, pid: `${site + 1}_A` });
      await portal.greenList({ site: site + 1, pid: null, status: LISTED });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ gl_status: LISTED });
      expect(await published.site(site + 1)).toMatchObject({ gl_status: LISTED });
      expect(await published.parcels(site + 1)).toMatchObject([{ gl_status: null }]);
    },
  );

  rule(
    'of a pid that is not among the parcels marks the site, by its number alone',
    async (portal, site) => {
      await portal.site({ site });
      await portal.site({ site, pid: `${site}_X`, type: null });
      await portal.greenList({ site, pid: `${site}_X`, status: LISTED });
    },
    async (published, site) => expect(await published.site(site)).toMatchObject({ gl_status: LISTED }),
  );

  rule(
    'of no site of this release is a soft error',
    async (portal, site) => {
      await portal.site({ site, type: null });
      await portal.greenList({ site, status: LISTED, columns: { id: 70_000 + site } });
    },
    async (published, site, portal) => {
      expect(await published.rejects(`portal row ${70_000 + site}`)).toEqual([
        {
          importer: 'green_list',
          reason: 'no such site or parcel in this release',
          details: { site_id: site, site_pid: String(site) },
        },
      ]);
      const kept = await portal.rooms.rows('select from staging_portal_standard_greenlist where site_id = $1', [site]);
      expect(kept).toHaveLength(1);
    },
  );

  rule(
    'expires on 31 December of four digits, on the day of eight, and at a time unknown otherwise',
    async (portal, site) => {
      const expiries = [2023, 20_240_229, 20_230_229, 20_231_301, 20_230_100, 0, 203_012, null];
      for (const [n, gl_expiry] of expiries.entries()) {
        await portal.site({ site, pid: `${site}_${n}` });
        await portal.greenList({ site, pid: `${site}_${n}`, status: LISTED, columns: { gl_expiry } });
      }
    },
    async (published, site) => {
      const dates = (await published.parcels(site)).map((row) => row.gl_expiry);
      expect(dates).toEqual(['2023-12-31', '2024-02-29', null, null, null, null, null, null]);
      expect((await published.parcels(site)).every((row) => row.gl_status === LISTED)).toBe(true);
    },
  );

  rule(
    'is the last of two of one site by the portal, and both are kept',
    async (portal, site) => {
      await portal.site({ site });
      await portal.greenList({ site, status: 'Candidate', columns: { id: 90_002, gl_link: `${site}` } });
      await portal.greenList({ site, status: LISTED, columns: { id: 90_001, gl_link: `${site}` } });
    },
    async (published, site, portal) => {
      expect(await published.site(site)).toMatchObject({ gl_status: 'Candidate' });
      const kept = await portal.rooms.rows(`select gl_status from staging_green_list_statuses where gl_link = $1`, [
        `${site}`,
      ]);
      expect(kept.map(({ gl_status }) => gl_status).sort()).toEqual(['Candidate', LISTED]);
    },
  );

  rule(
    'that says nothing but its status has no expiry and no link',
    async (portal, site) => {
      await portal.site({ site });
      await portal.greenList({ site, status: LISTED });
    },
    async (published, site) => {
      expect(await published.site(site)).toMatchObject({ gl_status: LISTED, gl_expiry: null, gl_link: null });
    },
  );

  rule(
    'without a status, or with a blank one, certifies nothing: a soft error, and the site is not marked',
    async (portal, site) => {
      const blank = { code: 'nothing', description: { en: ' ' } };
      for (const [n, status] of [null, blank].entries()) {
        await portal.site({ site: site + n });
        const columns = { id: 80_000 + site + n, gl_expiry: 2028, gl_link: `none ${site}` };
        await portal.greenList({ site: site + n, status, columns });
      }
    },
    async (published, site, portal) => {
      for (const n of [0, 1]) {
        expect(await published.site(site + n)).toMatchObject({ green_list_status_id: null });
        expect(await published.rejects(`portal row ${80_000 + site + n}`)).toEqual([
          {
            importer: 'green_list',
            reason: 'no status: it certifies nothing',
            details: { site_id: site + n, site_pid: String(site + n) },
          },
        ]);
      }
      const links = await portal.rooms.rows('select from staging_green_list_statuses where gl_link = $1', [
        `none ${site}`,
      ]);
      expect(links).toEqual([]);
    },
  );

  rule(
    'is of the parcel with exactly its parcel_id, spaces and all; where there is none, of the one that differs in them',
    async (portal, site) => {
      const pids = (n: number) => [`${site + n}_A`, `${site + n}_A `];
      for (const pid of pids(0)) await portal.site({ site, pid });
      await portal.greenList({ site, pid: pids(0)[1] as string, status: LISTED });
      await portal.site({ site: site + 1, pid: `${site + 1}_A ` });
      await portal.greenList({ site: site + 1, pid: `${site + 1}_A`, status: LISTED });
      await portal.site({ site: site + 2, pid: `${site + 2}_A` });
      await portal.greenList({ site: site + 2, pid: ` ${site + 2}_A`, status: LISTED });
      await portal.site({ site: site + 3, pid: ` ${site + 3}` });
      await portal.greenList({ site: site + 3, pid: ` ${site + 3}`, status: LISTED });
    },
    async (published, site) => {
      const marks = [];
      for (const n of [0, 1, 2]) {
        marks.push(Object.fromEntries((await published.parcels(site + n)).map((row) => [row.site_pid, row.gl_status])));
      }
      expect(marks).toEqual([
        { [`${site}_A`]: null, [`${site}_A `]: LISTED },
        { [`${site + 1}_A `]: LISTED },
        { [`${site + 2}_A`]: LISTED },
      ]);
      expect(await published.site(site + 3)).toMatchObject({ gl_status: LISTED });
    },
  );

  rule(
    'is published once, if it is not archived and its row of the portal is published',
    async (portal, site) => {
      const record = (n: number, columns = {}) => portal.greenList({ site: site + n, status: LISTED, columns });
      await portal.site({ site });
      await record(0, { archived_at: '2020-01-01' });
      await portal.site({ site: site + 1, archived: true });
      await record(1);
      await portal.site({ site: site + 2, ...RESTRICTED });
      await record(2);
      await portal.site({ site: site + 3, restriction: null });
      await record(3);
      await portal.site({ site: site + 4, pid: `${site + 4}_A` });
      await record(4);
      // Two rows of one key, though only one has a shape: the record must not double.
      await portal.site({ site: site + 5 });
      await portal.site({ site: site + 5, polygon: null });
      await record(5);
    },
    async (published, site) => {
      const found = [];
      for (let n = 0; n < 6; n++) found.push((await published.view('portal_standard_greenlist', site + n)).length);
      expect(found).toEqual([0, 0, 0, 0, 0, 1]);
    },
  );
});
