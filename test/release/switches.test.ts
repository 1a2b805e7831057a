import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { contents, digests, liveState, phasesOf, releaseOf, releases } from '../support/state.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness?.close());

async function release(args: string[], env: Record<string, string> = {}): Promise<void> {
  const { code, stderr } = await harness.pp(['start', ...args, '--wait'], env);
  expect([code, stderr]).toEqual([0, '']);
}

const count = async (relation: string): Promise<number> => {
  const [row] = await harness.live<{ n: number }>(`select count(*)::int as n from ${relation}`);
  return row?.n ?? -1;
};

const indexesOf = async (table: string): Promise<number> => count(`pg_indexes where tablename = '${table}'`);

describe('from the environment, by the names of the specification', () => {
  it('label and stop: PP_RELEASE_LABEL, PP_RELEASE_SKIP_AFTER', async () => {
    await release([], { PP_RELEASE_LABEL: 'Apr2026', PP_RELEASE_SKIP_AFTER: 'preflight' });
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'preflight_ok' });
  });

  it('dry run, start, lightweight, sample, skip: staging alone is filled, with few rows and without indexes', async () => {
    const before = await liveState(harness);
    await release(['Apr2026'], {
      PP_RELEASE_SKIP_TO: 'build_staging',
      PP_RELEASE_DRY_RUN: 'true',
      PP_RELEASE_STAGING_LIGHTWEIGHT: 'true',
      PP_IMPORT_SAMPLE: '20',
      PP_IMPORT_SKIP: 'green_list,pame',
    });
    const { id } = await releaseOf(harness, 'Apr2026');
    expect((await phasesOf(harness, id)).slice(4, 6)).toEqual(['acquire_lock', 'build_staging']);
    const points = Math.min(20, await count('staging_portal_standard_points'));
    const rows = (await count('staging_protected_areas')) + (await count('staging_protected_area_parcels'));
    expect(rows).toBeGreaterThanOrEqual(20 + points);
    expect(await count('staging_protected_areas')).toBeLessThanOrEqual(20 + points);
    expect(await indexesOf('staging_protected_areas')).toBe(0);
    expect([await count('staging_pame_evaluations'), await count('staging_green_list_statuses')]).toEqual([0, 0]);
    expect(await liveState(harness)).toEqual(before);
  });

  it('PP_RELEASE_ONLY_PHASES, and a flag goes before its name', async () => {
    await release(['Apr2026', '--mode', 'dry-run'], {
      PP_RELEASE_ONLY_PHASES: 'build_staging,import_core,import_related,validate_and_manifest',
      PP_RELEASE_DRY_RUN: 'false',
      PP_IMPORT_ONLY: 'sources,protected_areas,green_list,pame_sources,pame',
    });
    expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'validating', is_current: false });
    expect(await count('staging_protected_areas')).toBe(300);
    expect(await indexesOf('staging_protected_areas')).toBe(await indexesOf('protected_areas'));
  });
});

describe('views that are there are used as they are', () => {
  it('with --no-create-views: what they show gets live, whatever the portal says by now', async () => {
    const shown = await contents(harness, 'staging_');
    await harness.seed(1);
    await release(['Apr2026', '--no-create-views']);
    expect(await contents(harness)).toEqual(shown);
  });

  it('where none are there the release fails and says how to make them', async () => {
    const { code, stderr } = await harness.pp(['start', 'May2026', '--wait'], {
      PP_RELEASE_CREATE_STAGING_MATERIALIZED_VIEWS: 'false',
    });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/views missing: .*run the release from create_staging/)]);
  });
});

describe('tables that nobody imports keep the rows of live', () => {
  it('with --skip', async () => {
    const before = await digests(harness);
    await release(['Jun2026', '--skip', 'pame,pame_sources,green_list']);
    const after = await digests(harness);
    expect(after.protected_areas).not.toBe(before.protected_areas);
    for (const table of ['pame_evaluations', 'pame_sources', 'countries_pame_evaluations', 'green_list_statuses']) {
      expect([table, after[table]]).toEqual([table, before[table]]);
    }
  });

  it('with --only', async () => {
    const before = await digests(harness);
    await harness.seed(2);
    await release(['Jul2026', '--only', 'sources']);
    const after = await digests(harness);
    const changed = Object.keys(after).filter((name) => !name.startsWith('portal_') && after[name] !== before[name]);
    // Joins to sources that are gone go with them.
    expect(changed.filter((name) => !/^(sources|protected_area(s|_parcels)_sources)$/.test(name))).toEqual([]);
  });

  it('and every release that was asked for is there', async () => {
    expect((await releases(harness)).map(({ label, state }) => [label, state])).toEqual([
      ['Apr2026', 'validating'],
      ['Apr2026', 'succeeded'],
      ['May2026', 'failed'],
      ['Jun2026', 'succeeded'],
      ['Jul2026', 'succeeded'],
    ]);
  });
});
