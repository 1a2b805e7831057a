import { defineConfig } from 'vitest/config';
import { WaitingBetween } from './test/setup/sequencer.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    // Processes, not threads: the Temporal SDK has native code, and tests end processes.
    pool: 'forks',
    // For two cores: one of the three waits, if the sequencer has its way.
    maxWorkers: 3,
    sequence: { sequencer: WaitingBetween },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    // For .ci/run, which prints the numbers.
    ...(process.env.PP_TEST_RESULTS && {
      reporters: ['default', 'json'],
      outputFile: { json: process.env.PP_TEST_RESULTS },
    }),
  },
});
