// Plain JavaScript because run.mjs needs it before any dependency is installed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** npm writes node_modules/.package-lock.json last, so an install that was cut off counts as missing. */
function isUpToDate(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || installed === undefined) return false;
  const sameIn = (one, other) => one.version === other?.version && one.integrity === other?.integrity;
  return (
    // Optional packages are left out where they are for another system.
    Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || sameIn(entry, installed[path])) &&
    Object.entries(installed).every(([path, entry]) => sameIn(entry, wanted[path]))
  );
}

async function npmCi(root) {
  console.error('Installing the locked dependencies (npm ci), once; this takes about a minute …');
  // Dependencies of development are needed too (compiler, test runner), whatever NODE_ENV says.
  const child = spawn('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  const [code] = await once(child, 'exit');
  if (code === 0) return;
  throw new Error(
    'npm ci failed (its own message is above). Check that the npm registry can be reached, then run the command again.',
  );
}

/** Two commands started at once must not both install: npm ci begins by deleting node_modules. */
export async function ensureDependencies(root) {
  if (isUpToDate(root)) return;
  mkdirSync(join(root, '.local'), { recursive: true, mode: 0o700 });
  await withLock(
    join(root, '.local', 'npm-ci.lock'),
    async () => {
      if (!isUpToDate(root)) await npmCi(root);
    },
    (pid) => console.error(`Another command (process ${pid}) is installing the dependencies; waiting for it …`),
  );
}
