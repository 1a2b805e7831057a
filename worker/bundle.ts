import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

export const WORKFLOWS_PATH = join(ROOT, 'workflows/index.ts');

const BUNDLER = fileURLToPath(new URL('./bundle_workflows.ts', import.meta.url));

/** All that the bundle depends on: its own modules (test/workflows/bundle.test.ts knows no others), packages, bundler. */
const FOLDERS = ['workflows', 'contracts'];
const FILES = ['worker/bundle_workflows.ts', 'package-lock.json', 'node_modules/.package-lock.json'];

const CACHE = join(ROOT, 'node_modules/.cache/pp-release');

/**
 * The workflows as one script. Bundled by a process of its own: the bundler takes more memory than everything else that a
 * worker does, and would keep it. It takes seconds, too; so the script is kept for the next start of a worker on the same code.
 *
 * @throws Error with the bundler's own words when the workflows cannot be bundled
 */
export async function bundleWorkflows(): Promise<string> {
  const sources = await fingerprint();
  const path = join(CACHE, `workflows-${sources}.js`);
  const kept = await readFile(path, 'utf8').catch(unlessCode('ENOENT'));
  if (kept !== undefined) return kept;
  // An installation of somebody else's, such as a container's, may be read only.
  const isWritable = await mkdir(CACHE, { recursive: true })
    .then(() => access(CACHE, constants.W_OK))
    .then(() => true)
    .catch(unlessCode('EACCES', 'EROFS', 'EPERM'));
  const dir = await mkdtemp(join(isWritable ? CACHE : tmpdir(), 'bundling-'));
  try {
    const file = join(dir, 'workflows.js');
    await promisify(execFile)(process.execPath, ['--import', 'tsx', BUNDLER, file]);
    const code = await readFile(file, 'utf8');
    // Sources that have changed meanwhile, and change back, must not find this one.
    if (isWritable && (await fingerprint()) === sources) {
      const older = (await readdir(CACHE)).filter((name) => name.startsWith('workflows-'));
      await rename(file, path);
      await Promise.all(older.map((name) => rm(join(CACHE, name), { force: true })));
    }
    return code;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Of everything that decides what the bundle is. */
export async function fingerprint(root = ROOT): Promise<string> {
  const hash = createHash('sha256');
  const inside = FOLDERS.map(async (folder) => {
    const names = await readdir(join(root, folder), { recursive: true });
    return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
  });
  for (const name of [...(await Promise.all(inside)).flat().sort(), ...FILES]) {
    const content = await readFile(join(root, name)).catch(unlessCode('ENOENT'));
    hash.update(`${name}\0${content?.length ?? -1}\0`).update(content ?? '');
  }
  return hash.digest('hex').slice(0, 32);
}

/** For `catch`: these error codes mean that there is nothing. */
function unlessCode(...codes: string[]) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}
