import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { STACK_DIR } from '../../local/paths.ts';
import { processIdentity } from '../../local/process-identity.mjs';
import { downWhenThisProcessEnds } from '../../local/stack/guard.ts';
import { reset, type StackEnv, superuserUrlOf, up } from '../../local/stack/index.ts';
import { createTemplates } from '../support/templates.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stackEnv: StackEnv;
    superuserUrl: string;
  }
}

const RUNS = join(STACK_DIR, 'test');

/** Of earlier runs only the logs are left, for a look after them; this is the time to drop those. */
async function dropEarlierRuns(): Promise<void> {
  for (const name of existsSync(RUNS) ? readdirSync(RUNS) : []) {
    if (processIdentity(Number(name)) !== undefined) continue;
    await reset({ dir: join(RUNS, name) });
    rmSync(join(RUNS, name), { recursive: true, force: true });
  }
}

/** One private stack for the whole run, in a folder named by our pid: two runs at once do not share one. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const dir = join(RUNS, String(process.pid));
  const progress = (line: string) => console.error(`[test stack] ${line}`);
  await dropEarlierRuns();
  const takeDown = await downWhenThisProcessEnds(dir);
  try {
    const state = await up({ dir, worker: false, progress, useNamedServers: false });
    const superuserUrl = superuserUrlOf(state);
    if (state.env === undefined || superuserUrl === undefined) throw new Error('The test stack has no addresses.');
    await createTemplates(superuserUrl, state.passwords);
    provide('stackEnv', state.env);
    provide('superuserUrl', superuserUrl);
  } catch (error) {
    await takeDown();
    throw error;
  }
  return takeDown;
}
