// Plain JavaScript, since it makes JavaScript of the rest: client/bundled.mjs has nothing else to begin with.
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, 'node_modules/.cache/pp-release');
/** Branches that somebody changes between; and what a process that runs may still load its parts from. */
const MOST_KEPT = 5;

/** Of all that decides what is made: the TypeScript in `folders`, and `files`; paths from `root`. */
export function fingerprint({ folders, files }, root = ROOT) {
  const hash = createHash('sha256');
  const inside = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  for (const name of [...inside.sort(), ...files]) {
    const content = readIfThere(join(root, name));
    hash.update(`${name}\0${content?.length ?? -1}\0`).update(content ?? '');
  }
  return hash.digest('hex').slice(0, 32);
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The folder that `make(folder)` has filled from these inputs, now or earlier. Killed at any moment it leaves no folder that
 * is not whole. Nothing where nothing can be kept: an installation of somebody else's, such as a container's, is read only.
 */
export async function keep(name, inputs, make) {
  const key = fingerprint(inputs);
  const folder = join(CACHE, `${name}-${key}`);
  if (statSync(folder, { throwIfNoEntry: false })) return folder;
  if (!isWritable()) return undefined;
  const unfinished = mkdtempSync(join(CACHE, 'making-'));
  try {
    await make(unfinished);
    // Sources that have changed meanwhile, and change back, must not find this one.
    if (fingerprint(inputs) !== key) return keep(name, inputs, make);
    moveThere(unfinished, folder);
    prune(name);
    return folder;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function isWritable() {
  try {
    mkdirSync(CACHE, { recursive: true });
    accessSync(CACHE, constants.W_OK);
    return true;
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM'].includes(error.code)) return false;
    throw error;
  }
}

function moveThere(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another process has made the same meanwhile.
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
}

function prune(name) {
  const age = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const kept = readdirSync(CACHE)
    .filter((entry) => entry.startsWith(`${name}-`))
    .map((entry) => join(CACHE, entry))
    .sort((a, b) => age(b) - age(a));
  for (const folder of kept.slice(MOST_KEPT)) rmSync(folder, { recursive: true, force: true });
}
