#!/usr/bin/env node
// Runs the TypeScript sources directly: what is read is what runs.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
