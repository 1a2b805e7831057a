import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    // Processes, not threads: the Temporal SDK has native code, and tests end processes.
    pool: 'forks',
    // More than two cores: most tests of a release wait for heartbeats, locks and other processes for most of their time.
    maxWorkers: 3,
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
