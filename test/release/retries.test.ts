import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ask, createHarness, type ReleaseHarness } from '../support/release.ts';
import { releaseOf, waitsForLock } from '../support/state.ts';

let harness: ReleaseHarness;

const handle = (label: string) => harness.temporal.workflow.getHandle(`portal-release-${label}`);

/** Attempts that history counts of an activity, by the importer it runs. */
async function attemptsOf(label: string, importer: string): Promise<number[]> {
  const { events } = await handle(label).fetchHistory();
  const scheduled = (events ?? []).filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name === 'runImporter' &&
      scheduled.input?.payloads?.some(({ data }) => Buffer.from(data ?? []).includes(`"importer":"${importer}"`)),
  );
  const ids = scheduled.map(({ eventId }) => String(eventId));
  return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started && ids.includes(String(started.scheduledEventId)) ? [Number(started.attempt)] : [],
  );
}

beforeAll(async () => {
  harness = await createHarness({ sites: 100 });
});
afterAll(() => harness?.close());

it.each([
  ['in the live database', 'live', 'countries', /^pp \d+ importer /],
  ['on the portal', 'portal', 'wdpa.wdpas', /^/],
] as const)(
  'a session that an administrator ends %s: tried again, and nobody has to do anything',
  async (_, on, relation, name) => {
    const label = on === 'live' ? 'Jan2026' : 'Feb2026';
    const somebody = await harness.session('somebody', on);
    await somebody.query(`begin; lock table ${relation} in access exclusive mode`);
    expect((await harness.pp(['start', label])).code).toBe(0);
    await eventually('the release waits for somebody', () => waitsForLock(harness, on));
    const database = new URL(
      on === 'live' ? harness.databases.databaseUrl : harness.databases.portalUrl,
    ).pathname.slice(1);
    const [ended] = await ask<{ application_name: string }>(
      harness.databases.superuserUrl,
      `select application_name, pg_terminate_backend(a.pid) from pg_locks l join pg_stat_activity a using (pid)
     where not l.granted and a.datname = $1 limit 1`,
      [database],
    );
    expect(ended?.application_name).toMatch(name);
    const failure = await eventually('Temporal tries it again', async () => {
      const { raw } = await handle(label).describe();
      return (
        raw.pendingActivities?.find(({ attempt, lastFailure }) => (attempt ?? 0) > 1 && lastFailure)?.lastFailure ??
        undefined
      );
    });
    expect(failure.applicationFailureInfo).toMatchObject({
      type: on === 'live' ? 'DatabaseUnavailable' : 'PortalUnavailable',
      nonRetryable: false,
    });
    await somebody.end();
    const { code, stdout } = await harness.pp(['watch', label]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('ended as succeeded')]);
    expect(await releaseOf(harness, label)).toMatchObject({ state: 'succeeded', error_text: null });
    if (on === 'live') expect(await attemptsOf(label, 'protected_areas')).toEqual([2]);
  },
);

it('data that does not fit is not tried again', async () => {
  expect((await harness.pp(['start', 'Mar2026', '--stop-after', 'build_staging', '--wait'])).code).toBe(0);
  await harness.live('alter table staging_protected_areas add constraint nothing_fits check (site_id < 0)');
  const { code, stderr } = await harness.pp(['start', 'Mar2026', '--start-at', 'import_core', '--wait']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/nothing_fits/)]);
  expect(await releaseOf(harness, 'Mar2026')).toMatchObject({ error_text: expect.stringMatching(/^BadData: /) });
  expect(await attemptsOf('Mar2026', 'protected_areas')).toEqual([1]);
});
