import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

const BUNDLER = fileURLToPath(new URL('./bundle_workflows.ts', import.meta.url));

/**
 * The workflows as one script, bundled by a process of its own: the bundler takes more memory than everything else that a
 * worker does, and would keep it.
 *
 * @throws Error with the bundler's own words when the workflows cannot be bundled
 */
export async function bundleWorkflows(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pp-release-'));
  try {
    const file = join(dir, 'workflows.js');
    await promisify(execFile)(process.execPath, ['--import', 'tsx', BUNDLER, file]);
    return await readFile(file, 'utf8');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
