import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { STACK_DIR } from '../../local/paths.ts';
import { downWhenThisProcessEnds } from '../../local/stack/guard.ts';
import { reset, type StackEnv, superuserUrlOf, up } from '../../local/stack/index.ts';
import { createTemplates } from '../support/templates.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stackEnv: StackEnv;
    superuserUrl: string;
  }
}

/** One private stack for the whole run, begun anew each time; its logs stay in .local/test/log for a look after it. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const dir = join(STACK_DIR, 'test');
  const progress = (line: string) => console.error(`[test stack] ${line}`);
  await reset({ dir, progress });
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
