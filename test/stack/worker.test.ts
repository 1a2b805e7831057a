import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { up } from '../../local/stack/index.ts';
import { find, pidOf, type ScratchStack, scratchStack } from '../support/stack.ts';

let scratch: ScratchStack;
const start = () => up({ dir: scratch.dir, worker: true, useNamedServers: false, progress: () => {} });

beforeAll(async () => {
  scratch = await scratchStack();
  await start();
});
afterAll(() => scratch.end());
afterEach(() => {
  delete process.env.PP_LOCK_TIMEOUT_MS;
});

test('a worker that runs is left alone, one that was killed is started again', async () => {
  const first = pidOf(scratch.dir, 'worker');
  await start();
  expect(pidOf(scratch.dir, 'worker')).toBe(first);
  process.kill(first, 'SIGKILL');
  await expect.poll(() => find(scratch.dir, 'worker').state).toBe('dead');
  await start();
  expect(pidOf(scratch.dir, 'worker')).not.toBe(first);
});

test('a worker that does not start says why, in its own words', async () => {
  process.kill(pidOf(scratch.dir, 'worker'), 'SIGKILL');
  await expect.poll(() => find(scratch.dir, 'worker').state).toBe('dead');
  process.env.PP_LOCK_TIMEOUT_MS = 'soon';
  const refusal = await start().catch((error: Error) => error.message);
  expect(refusal).toMatch(/The worker does not start\..*PP_LOCK_TIMEOUT_MS/s);
  expect(refusal).not.toContain('worker_started');
  expect(find(scratch.dir, 'postgres').state).toBe('running');
});
