import { expect, it } from 'vitest';
import { run } from '../support/stack.ts';

it('each kind of fault once, in releases and rollbacks: every invariant holds', async () => {
  const args = ['local/run.mjs', 'chaos', '--runs', '7', '--sites', '200', '--seed', '4'];
  const { code, stdout, stderr } = await run(process.execPath, args);
  expect([code, stdout], stderr).toEqual([0, expect.stringContaining('7 of 7 hold')]);
  for (const fault of [
    'worker killed',
    'worker frozen',
    'Temporal killed',
    'Temporal frozen',
    'PostgreSQL killed',
    'at once',
    'portal',
  ]) {
    expect(stdout).toContain(fault);
  }
}, 400_000);
