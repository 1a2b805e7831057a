import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { liveState, lockIsFree, releaseOf } from '../support/state.ts';

let harness: ReleaseHarness;

beforeAll(async () => {
  harness = await createHarness();
  expect((await harness.pp(['start', 'Apr2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
});
afterAll(() => harness?.close());

const read = (name: string) => JSON.parse(readFileSync(join(harness.manifestDir, name), 'utf8'));

it('the manifest is a file of the release and one of its label, both the same, and no others', async () => {
  const { id, manifest_url } = await releaseOf(harness, 'Apr2026');
  expect(manifest_url).toBe(`/manifests/${id}_Apr2026.json`);
  expect(readdirSync(harness.manifestDir).sort()).toEqual([`${id}_Apr2026.json`, 'Apr2026.json']);
  expect(read('Apr2026.json')).toEqual(read(`${id}_Apr2026.json`));
});

it('its counts are those of staging, and it names label, release and time', async () => {
  const manifest = read('Apr2026.json');
  const { id } = await releaseOf(harness, 'Apr2026');
  expect(manifest).toMatchObject({ label: 'Apr2026', release_id: id });
  expect(Math.abs(Date.now() - Date.parse(manifest.generated_at))).toBeLessThan(600_000);
  expect(manifest.counts.staging_protected_areas).toBe(300);
  for (const [table, count] of Object.entries({ ...manifest.counts, ...manifest.view_counts })) {
    expect(await harness.live(`select '${table}' as name, count(*)::int as n from "${table}"`)).toEqual([
      { name: table, n: count },
    ]);
  }
});

it('a staging that was changed after its manifest is not swapped: the table is named', async () => {
  const before = await liveState(harness);
  await harness.live(
    `update staging_protected_areas set name = 'changed' where site_id = (select min(site_id) from staging_protected_areas)`,
  );
  const { code, stderr } = await harness.pp(['start', 'Apr2026', '--start-at', 'finalise_swap', '--wait']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /staging changed since the manifest was written: staging_protected_areas; run the release from validate/,
  );
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'failed', is_current: false });
  expect(await liveState(harness)).toEqual(before);
  expect(await lockIsFree(harness)).toBe(true);
});

it('after a new look at what staging holds now it can be swapped', async () => {
  const { code, stderr } = await harness.pp(['start', 'Apr2026', '--start-at', 'validate_and_manifest', '--wait']);
  expect([code, stderr]).toEqual([0, '']);
  expect(await releaseOf(harness, 'Apr2026')).toMatchObject({ state: 'succeeded', is_current: true });
  expect(await harness.live(`select count(*)::int as n from protected_areas where name = 'changed'`)).toEqual([
    { n: 1 },
  ]);
});
