import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createHarness, type ReleaseHarness } from '../support/release.ts';
import { releaseOf } from '../support/state.ts';
import { waitsFor } from '../support/waiting.ts';

/** A chat's webhook: keeps what it is told, and answers as it is told to. */
let chat: Server;
let told: unknown[] = [];
let answer: number | undefined = 200;
let harness: ReleaseHarness;

beforeAll(async () => {
  chat = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    told.push(JSON.parse(Buffer.concat(parts).toString()));
    if (answer !== undefined) response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => chat.listen(0, '127.0.0.1', resolve));
  const { port } = chat.address() as AddressInfo;
  harness = await createHarness({
    sites: 50,
    workerEnv: { PP_SLACK_WEBHOOK_URL: `http://127.0.0.1:${port}/secret` },
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
  expect(told).toEqual([
    {
      text: expect.stringMatching(
        /^Release Jan2026 waits for promote since .* until .*: staging is ready.*\n• `pp-release promote Jan2026 --digest \w{8}`: makes it live\n• `pp-release park Jan2026`.*\n• `pp-release abort`/,
      ),
    },
    { text: 'Release Jan2026 succeeded and is live' },
  ]);
});

it('tells that a release was parked, by whom and how it goes on, and that one was aborted', async () => {
  for (const answer of ['park', 'abort']) {
    expect((await harness.pp(['start', 'Jan2027', '--mode', 'review'])).code).toBe(0);
    await waitsFor(harness, 'promote');
    expect((await harness.pp([answer], { PP_OPERATOR: 'Kim' })).code).toBe(0);
  }
  expect(told.map((message) => (message as { text: string }).text.split('\n')[0])).toEqual([
    expect.stringMatching(/^Release Jan2027 waits for promote/),
    'Release Jan2027 was parked in validate_and_manifest by Kim; it goes on with `pp-release start Jan2027 --start-at finalise_swap`',
    expect.stringMatching(/^Release Jan2027 waits for promote/),
    'Release Jan2027 was aborted in validate_and_manifest',
  ]);
});

it('a chat that is out of order, or does not answer, is a warning in the log, without its address, and holds nothing up', async () => {
  answer = 500;
  expect((await harness.pp(['start', 'Feb2026', '--wait'])).code).toBe(0);
  answer = undefined;
  expect((await harness.pp(['start', 'Mar2026', '--wait'])).code).toBe(0);
  expect((await releaseOf(harness, 'Mar2026')).state).toBe('succeeded');
  const lines = readFileSync(harness.logPath, 'utf8')
    .split('\n')
    .filter((line) => line.includes('notification_failed'));
  expect(lines.map((line) => JSON.parse(line))).toEqual([
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
  expect(lines.join()).not.toContain('/secret');
});
