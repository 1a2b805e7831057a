#!/usr/bin/env node
import { bundledCommandLine } from './bundled.mjs';

// Stack traces name the sources. It costs time, so only for those that show any.
const showsStacks = process.argv.some((arg) => arg === 'worker' || arg === '--verbose') || process.env.PP_DEBUG === '1';
if (showsStacks) process.setSourceMapsEnabled(true);

const entry = await bundledCommandLine({ withPackages: !process.argv.includes('worker') });
if (entry) await import(entry);
else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./run.ts');
}
