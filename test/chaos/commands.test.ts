import { afterAll, beforeAll, expect, it } from 'vitest';
import { typeCommands } from '../../chaos/commands/run.ts';
import { createHarness, type ReleaseHarness } from '../support/release.ts';

let harness: ReleaseHarness;
beforeAll(async () => {
  harness = await createHarness({ sites: 60 });
});
afterAll(() => harness?.close());

/** `npm run chaos -- --commands 300 --seed S` types many more. */
const COUNT = 18;
const SEED = 20;

it(`${COUNT} random commands in random states, seed ${SEED}: each is true, no stranger has lost anything, and there is a way back`, async () => {
  const broken: unknown[] = [];
  let typed = 0;
  for await (const one of typeCommands(harness, { count: COUNT, seed: SEED })) {
    typed += one.commands.length;
    if (one.broken.length > 0) broken.push(one);
  }
  expect(broken).toEqual([]);
  expect(typed).toBeGreaterThanOrEqual(COUNT);
}, 300_000);
