import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { releaseOf } from '../support/state.ts';
import { waitsFor } from '../support/waiting.ts';

/** A chat's webhook: keeps what it is told, and answers as it is told to. */
let chat: Server;
let told: unknown[] = [];
let answer: number | undefined = 200;
/** So many messages are refused for now first. */
let busy = 0;
let webhook: { PP_SLACK_WEBHOOK_URL: string };
let harness: ReleaseHarness;
/** Messages that were told at about the same time come as one. */
const lines = () => told.flatMap((message) => (message as { text: string }).text.split('\n'));

const notDelivered = () =>
  readFileSync(harness.logPath, 'utf8')
    .split('\n')
    .filter((line) => line.includes('notification_failed'));

beforeAll(async () => {
  chat = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    told.push(JSON.parse(Buffer.concat(parts).toString()));
    const status = busy-- > 0 ? 429 : answer;
    if (status !== undefined) response.writeHead(status, { 'retry-after': '1' }).end();
  });
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve));
  const { port } = chat.address() as AddressInfo;
  webhook = { PP_SLACK_WEBHOOK_URL: `http://127.0.0.1:${port}/secret` };
  harness = await createHarness({
    sites: 50,
    workerEnv: { ...webhook, PP_RELEASE_SLACK_PHASE_COMPLETE: 'off', PP_IMPORT_PROGRESS_NOTIFICATIONS: 'false' },
  });
});
beforeEach(() => {
  told = [];
});
afterAll(async () => {
  chat?.closeAllConnections();
  chat?.close();
  await harness?.close();
});

it('tells what a release waits for and how to answer, and that it succeeded', async () => {
  expect((await harness.pp(['start', 'Jan2026', '--mode', 'review'])).code).toBe(0);
  await waitsFor(harness, 'promote');
  expect((await harness.pp(['promote', '--yes'])).code).toBe(0);
  expect((await harness.pp(['watch', 'Jan2026'])).code).toBe(0);
  await eventually('all is told', () => lines().length >= 5);
  expect(lines()).toEqual([
    expect.stringMatching(/^Release Jan2026 waits for promote since .* until .*: staging is ready/),
    expect.stringMatching(/^• `pp-release promote Jan2026 --digest \w{8}`: makes it live$/),
    expect.stringMatching(/^• `pp-release park Jan2026`/),
    expect.stringMatching(/^• `pp-release abort`/),
    'Release Jan2026 succeeded and is live',
  ]);
});

it('tells that a release was parked, by whom and how it goes on, and that one was aborted', async () => {
  for (const answer of ['park', 'abort']) {
    expect((await harness.pp(['start', 'Jan2027', '--mode', 'review'])).code).toBe(0);
    await waitsFor(harness, 'promote');
    expect((await harness.pp([answer], { PP_OPERATOR: 'Kim' })).code).toBe(0);
  }
  const aborted = 'Release Jan2027 was aborted in validate_and_manifest';
  await eventually('all is told', () => lines().includes(aborted));
  expect(lines().filter((line) => !line.startsWith('•'))).toEqual([
    expect.stringMatching(/^Release Jan2027 waits for promote/),
    'Release Jan2027 was parked in validate_and_manifest by Kim; it goes on with `pp-release start Jan2027 --start-at finalise_swap`',
    expect.stringMatching(/^Release Jan2027 waits for promote/),
    aborted,
  ]);
});

it('a message that the chat refuses for now is sent again; a sample is not offered for publication', async () => {
  busy = 1;
  const outcome = await harness.pp(['start', 'Jan2028', '--sample', '10', '--wait']);
  expect(outcome.code).toBe(0);
  await eventually('it is sent again', () => told.length === 2);
  expect(told[0]).toEqual({
    text: expect.stringMatching(/^Release Jan2028 was a dry run: .*; it is a sample, which is not published$/),
  });
  expect(told[1]).toEqual(told[0]);
  expect(notDelivered()).toEqual([]);
});

it('a chat that is out of order, or does not answer, is a warning in the log, without its address, and holds nothing up', async () => {
  answer = 500;
  expect((await harness.pp(['start', 'Feb2026', '--wait'])).code).toBe(0);
  await eventually('it was tried twice', () => notDelivered().length === 1);
  answer = undefined;
  expect((await harness.pp(['start', 'Mar2026', '--wait'])).code).toBe(0);
  expect((await releaseOf(harness, 'Mar2026')).state).toBe('succeeded');
  await eventually('the other is in the log, too', () => notDelivered().length === 2);
  expect(notDelivered().map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 'warn',
      error_message: 'the webhook answered 500',
      text: expect.stringContaining('Feb2026'),
    }),
    expect.objectContaining({
      level: 'warn',
      error_message: 'no answer within 5 s',
      text: expect.stringContaining('Mar2026'),
    }),
  ]);
  expect(notDelivered().join()).not.toContain('/secret');
});

describe('unless they are switched off', () => {
  beforeAll(async () => {
    answer = 200;
    await harness.restartWorker(webhook);
  });

  it('the lock, each phase with its time and counts, and each importer with its rows are told as they end', async () => {
    expect((await harness.pp(['start', 'Apr2026', '--wait'])).code).toBe(0);
    await eventually('the last phase is told', () => lines().some((line) => line.includes('reset_checkpoints')));
    const [counts] = await harness.live<{ sites: string; parcels: string; sources: string }>(
      `select (select count(*) from protected_areas) as sites, (select count(*) from protected_area_parcels) as parcels,
              (select count(*) from sources) as sources`,
    );
    const seconds = 'after \\d+\\.\\d [sm]';
    const phase = (name: string, text: string) =>
      expect.stringMatching(new RegExp(`^Release Apr2026: ${name} is done(?: ${seconds})?; ${text}`));
    expect(lines().filter((line) => !line.includes(': importer '))).toEqual([
      phase('acquire_lock', 'the release lock is held$'),
      phase('create_staging_materialized_views', 'the portal is in the staging views \\(.*portal_standard_points \\d+'),
      phase('preflight', 'the staging views are fit'),
      phase('build_staging', 'the staging tables are made'),
      'Release Apr2026: import_core starts',
      phase('import_core', '.* \\(sources \\d+, protected_areas \\d+, soft errors \\d+\\)$'),
      'Release Apr2026: import_related starts',
      phase('import_related', 'all the rest is in staging \\(.*green_list \\d+'),
      phase('validate_and_manifest', '.*its manifest is written \\((?!.*releaseId)'),
      phase('finalise_swap', 'it is live$'),
      phase('create_portal_downloads_view', 'the downloads view shows it'),
      phase('post_swap', 'its tables are vacuumed'),
      'Release Apr2026 succeeded and is live',
      phase('cleanup_and_retention', 'backups beyond'),
      phase('release_lock', 'the release lock is given back$'),
      phase('reset_checkpoints', 'the completion marks are cleared$'),
    ]);
    expect(lines()).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^Release Apr2026: importer protected_areas is done ${seconds}: .*\\bprotected_areas ${counts?.sites}, protected_area_parcels ${counts?.parcels},.* soft errors$`,
        ),
      ),
    );
    expect(lines()).toContainEqual(
      expect.stringMatching(
        new RegExp(`importer sources is done ${seconds}: sources ${counts?.sources}, 0 soft errors$`),
      ),
    );
  });

  it('a rollback, a dry run, backups that were dropped, and data that an importer refuses are told too', async () => {
    const { stdout } = await harness.pp(['backups', '--json']);
    const [{ stamp } = { stamp: '' }] = JSON.parse(stdout).backups as { stamp: string }[];
    const by = { PP_OPERATOR: 'Kim' };
    expect((await harness.pp(['rollback', stamp, '--wait'], by)).code).toBe(0);
    expect((await harness.pp(['start', 'May2026', '--mode', 'dry-run', '--wait'])).code).toBe(0);
    expect((await harness.pp(['start', 'May2026', '--start-at', 'finalise_swap', '--wait'])).code).toBe(0);
    const cleaned = await harness.pp(['backups', 'clean', '--keep', '0', '--yes', '--json'], by);
    expect(JSON.parse(cleaned.stdout).dropped).toHaveLength(1);
    await eventually('all is told', () => lines().at(-1)?.startsWith('Backups'));
    expect(lines().filter((line) => !/: (\w+ (is done|starts)|importer )/.test(line))).toEqual([
      `Rollback to ${stamp} was started by Kim`,
      `Rollback to ${stamp} is done: that backup is live`,
      expect.stringMatching(/^Release May2026 was a dry run: .*`pp-release start May2026 --start-at finalise_swap`$/),
      'Release May2026 succeeded and is live',
      `Backups ${JSON.parse(cleaned.stdout).dropped.join()} were dropped by Kim`,
    ]);
  });

  it('an importer that refuses its data is told with the reason', async () => {
    const csvDir = mkdtempSync(join(tmpdir(), 'pp csv '));
    try {
      await harness.restartWorker({ ...webhook, PP_CSV_DIR: csvDir });
      expect((await harness.pp(['start', 'Jun2026', '--wait'])).code).toBe(1);
    } finally {
      rmSync(csvDir, { recursive: true });
    }
    await eventually('its end is told', () => lines().some((line) => line.includes('release_lock')));
    expect(lines()).toContainEqual(
      expect.stringMatching(/^Release Jun2026: importer protected_areas failed: there is no parcc_info\.csv in /),
    );
    expect(lines()).toContainEqual(expect.stringMatching(/^Release Jun2026 failed in import_core: ImportFailed: /));
  });
});
