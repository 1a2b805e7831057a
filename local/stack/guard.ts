import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../paths.ts';

/**
 * Takes the stack in `dir` down, data and all but its logs, as soon as this process ends, however it ends: a helper in a session of its own waits
 * for the end of a pipe that the kernel closes even after kill -9. Answers a function that does it at once and waits.
 */
export async function downWhenThisProcessEnds(dir: string): Promise<() => Promise<void>> {
  const helper = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), dir], {
    cwd: ROOT,
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  await once(helper, 'spawn');
  const ended = once(helper, 'exit');
  // Neither the helper nor the pipe to it shall keep this process from ending.
  helper.unref();
  (helper.stdin as Socket).unref();
  return async () => {
    helper.stdin?.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`The test stack in ${dir} could not be taken down (exit code ${code}).`);
  };
}

async function waitAndTakeDown(dir: string): Promise<void> {
  process.stdin.resume();
  await once(process.stdin, 'end');
  const { reset } = await import('./index.ts');
  await reset({ dir, keepLogs: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await waitAndTakeDown(process.argv[2] as string);
