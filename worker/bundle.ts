import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Inputs, keep } from './kept.mjs';

export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

const BUNDLER = fileURLToPath(new URL('./bundle_workflows.ts', import.meta.url));
const FILE = 'workflows.js';

/** The bundle's own modules (test/workflows/bundle.test.ts knows no others), its packages, and the bundler. */
export const BUNDLE_INPUTS: Inputs = {
  folders: ['workflows', 'contracts'],
  files: ['worker/bundle_workflows.ts', 'tsconfig.json', 'package-lock.json', 'node_modules/.package-lock.json'],
};

/**
 * The workflows as one script. Bundled by a process of its own: the bundler takes more memory than everything else that a
 * worker does, and would keep it. It takes seconds, too; so the script is kept for the next start of a worker on the same code.
 *
 * @throws Error with the bundler's own words when the workflows cannot be bundled
 */
export async function bundleWorkflows(): Promise<string> {
  const kept = await keep('workflows', BUNDLE_INPUTS, bundleInto);
  if (kept) return readFile(join(kept, FILE), 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'pp-release-'));
  try {
    await bundleInto(folder);
    return await readFile(join(folder, FILE), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const bundleInto = (folder: string) =>
  // Node.js looks for what --import names from the folder in which it runs: an operator may start a worker anywhere.
  promisify(execFile)(process.execPath, ['--import', 'tsx', BUNDLER, join(folder, FILE)], { cwd: dirname(BUNDLER) });
