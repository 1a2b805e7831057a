import { defineConfig } from 'vitest/config';
import config from '../../vitest.config.ts';

/** `npm run histories`: the recorder is no test, so only this configuration finds it. */
export default defineConfig({
  test: { ...config.test, include: ['test/workflows/record.ts'], testTimeout: 600_000, bail: 1 },
});
