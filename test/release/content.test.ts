import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedRows, shownRows } from '../support/portal_truth.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { releaseOf } from '../support/state.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness({ sites: 600 });
  const { code, stderr } = await harness.pp(['start', 'Apr2026', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(() => harness?.close());

describe('a first release holds what the portal publishes', () => {
  it('one row a site, each value as the portal has it, shape and countries and source included', async () => {
    const { sites } = await expectedRows(harness);
    expect(sites).toHaveLength(600);
    expect(await shownRows(harness, 'sites')).toEqual(sites);
  });

  it('one row a parcel of the sites that have several', async () => {
    const { parcels } = await expectedRows(harness);
    expect(parcels.length).toBeGreaterThan(20);
    expect(await shownRows(harness, 'parcels')).toEqual(parcels);
  });

  it('the sources of its sites', async () => {
    const expected = await harness.portal(
      `select s.originator_id as metadataid, s.data_title as title, p.responsible_party, s.verifier, s.reference_system, s.scale,
              left(s.lineage, 264) as lineage, left(s.citation, 261) as citation, left(s.disclaimer, 264) as disclaimer,
              case when s.year ~ '^[0-9]+$' and s.year::int > 0 then s.year || '-01-01' end as year,
              case when s.update_year ~ '^[0-9]+$' and s.update_year::int > 0 then s.update_year || '-01-01' end as update_year
       from wdpa.source s left join wdpa.provider p on p.id = s.provider_id
       where s.id in (select w.source_id from wdpa.wdpas w join wdpa.data_restriction_levels r on r.id = w.data_restriction_level_id
                      where w.archived_at is null and r.code in ('not restricted', 'commercial restriction'))
       order by s.originator_id, s.data_title, p.responsible_party`,
    );
    const live = await harness.live(
      `select metadataid, title, responsible_party, verifier, reference_system, scale, lineage, citation, disclaimer, year::text,
              update_year::text from sources order by metadataid, title, responsible_party`,
    );
    expect(expected.length).toBeGreaterThan(50);
    expect(live).toEqual(expected);
  });

  it('the evaluations of its sites, each joined to its site or parcel, its source and the countries of it', async () => {
    const expected = await harness.portal<{
      asmt_id: number;
      site_id: number;
      pid: string;
      eff_metaid: number;
      method: string;
    }>(
      `select p.asmt_id::int, p.site_id::int, p.parcel_id as pid, s.eff_metaid::int, p.asmt_year, p.submit_year,
              coalesce(m.description ->> 'en', m.code, p.method_text) as method
       from pame.pame p join pame.pame_sources s on s.id = p.pame_source_id left join pame.method_cat m on m.id = p.method_id
       where p.archived_at is null and exists (
         select from wdpa.wdpas w join wdpa.data_restriction_levels r on r.id = w.data_restriction_level_id
         where w.site_id = p.site_id and w.parcel_id = p.parcel_id and w.archived_at is null
           and r.code in ('not restricted', 'commercial restriction'))
       order by p.asmt_id`,
    );
    const live = await harness.live(
      `select e.asmt_id, coalesce(a.site_id, c.site_id) as site_id, coalesce(a.site_pid, c.site_pid) as pid, s.id as eff_metaid,
              e.asmt_year, e.submit_year, m.name as method
       from pame_evaluations e left join protected_areas a on a.id = e.protected_area_id
       left join protected_area_parcels c on c.id = e.protected_area_parcel_id
       join pame_sources s on s.id = e.pame_source_id join pame_methods m on m.id = e.pame_method_id order by e.asmt_id`,
    );
    expect(expected.length).toBeGreaterThan(20);
    expect(live).toEqual(expected);
    const [joined] = await harness.live<{ wrong: number; links: number }>(
      `select count(*) filter (where x.country_id is null or y.country_id is null)::int as wrong, count(*)::int as links
       from (select e.id as pame_evaluation_id, j.country_id from pame_evaluations e join countries_protected_areas j using (protected_area_id)
             union select e.id, j.country_id from pame_evaluations e join countries_protected_area_parcels j using (protected_area_parcel_id)) x
       full join countries_pame_evaluations y using (pame_evaluation_id, country_id)`,
    );
    expect(joined).toMatchObject({ wrong: 0 });
    expect(joined?.links).toBeGreaterThanOrEqual(expected.length - 1);
  });

  it('the Green List records of its sites, the last of two of one site marking it', async () => {
    const expected = await harness.portal<{ site_id: number; gl_status: string; gl_link: string | null }>(
      `select g.site_id::int, coalesce(c.description ->> 'en', c.code) as gl_status, g.gl_link
       from pame.greenlists g left join pame.greenlist_status_cat c on c.id = g.gl_status_id
       where g.archived_at is null and exists (select from wdpa.wdpas w where w.site_id = g.site_id and w.parcel_id = g.parcel_id
         and w.archived_at is null and w.data_restriction_level_id in (1, 2))
       order by g.id`,
    );
    expect(await harness.live('select gl_status, gl_link from green_list_statuses order by id')).toEqual(
      expected.map(({ gl_status, gl_link }) => ({ gl_status, gl_link })),
    );
    const marks = new Map(expected.map(({ site_id, gl_status }) => [site_id, gl_status]));
    const marked = await harness.live<{ site_id: number; gl_status: string }>(
      `select a.site_id, s.gl_status from (select site_id, green_list_status_id from protected_areas
         union select site_id, green_list_status_id from protected_area_parcels) a
       join green_list_statuses s on s.id = a.green_list_status_id order by 1`,
    );
    expect(marked).toEqual([...marks].sort().map(([site_id, gl_status]) => ({ site_id, gl_status })));
  });
});

it('counts in stats_json and the manifest are those of the live tables', async () => {
  const release = await releaseOf(harness, 'Apr2026');
  expect(release).toMatchObject({ state: 'succeeded', is_current: true, stamp: null, error_text: null });
  const [row] = await harness.live(
    `select (stats_json -> 'dst_counts' ->> 'protected_areas')::int = (select count(*) from protected_areas) as sites,
            (stats_json -> 'dst_counts' ->> 'protected_area_parcels')::int = (select count(*) from protected_area_parcels) as parcels,
            (stats_json -> 'source_counts' ->> 'wdpca_polygon')::int = (select count(*) from portal_standard_polygons) as polygons,
            (stats_json -> 'source_counts' ->> 'wdpca_points')::int = (select count(*) from portal_standard_points) as points
     from releases where id = $1`,
    [release.id],
  );
  expect(row).toEqual({ sites: true, parcels: true, polygons: true, points: true });
});

it('the downloads view gives each published row once', async () => {
  const [row] = await harness.live<{ rows: number; keys: number; published: number }>(
    `select count(*)::int as rows, count(distinct ("TYPE", "SITE_ID", "SITE_PID"))::int as keys,
            ((select count(*) from portal_standard_polygons) + (select count(*) from portal_standard_points))::int as published
     from portal_downloads_protected_areas`,
  );
  expect(row?.rows).toBeGreaterThanOrEqual(600);
  expect([row?.keys, row?.published]).toEqual([row?.rows, row?.rows]);
});
