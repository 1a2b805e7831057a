// Plain JavaScript, since it makes JavaScript of the rest: client/bundled.mjs has nothing else to begin with.
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, 'node_modules/.cache/pp-release');
/** Branches that somebody changes between; and what a process that runs may still load its parts from. */
const MOST_KEPT = 5;
/** Written last: a folder that lacks it was cut off while it was removed. */
const MARKER = 'whole';
const HOUR_MS = 3_600_000;

/**
 * Of all that decides what is made: the sources in `folders`, and `files`; paths from `root`. The root itself too, since what
 * is made names files below it: a copy of an installation must not run the sources of the first.
 */
export function fingerprint({ folders, files }, root = ROOT) {
  const hash = createHash('sha256').update(`${root}\0`);
  const inside = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.m?[jt]s$/.test(name))
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
 * The folder that `make(folder)` has filled from these inputs, now or earlier. Killed at any moment it leaves none that is
 * taken for whole and is not. Nothing where nothing can be kept: an installation of somebody else's, such as a container's,
 * is read only, and a disk may be full.
 */
export async function keep(name, inputs, make) {
  const key = fingerprint(inputs);
  const folder = join(CACHE, `${name}-${key}`);
  if (isWhole(folder)) return folder;
  let unfinished;
  try {
    mkdirSync(CACHE, { recursive: true });
    unfinished = mkdtempSync(join(CACHE, 'making-'));
    await make(unfinished);
    // Sources that have changed meanwhile, and change back, must not find this one.
    if (fingerprint(inputs) !== key) return await keep(name, inputs, make);
    finish(unfinished);
    moveThere(unfinished, folder);
    prune(name);
    return isWhole(folder) ? folder : undefined;
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT'].includes(error.code)) return undefined;
    throw error;
  } finally {
    if (unfinished) rmSync(unfinished, { recursive: true, force: true });
  }
}

function isWhole(folder) {
  try {
    accessSync(join(folder, MARKER), constants.R_OK);
    return true;
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(error.code)) return false;
    throw error;
  }
}

/** On disk before it has its name, and for whichever user runs a command later. */
function finish(folder) {
  writeFileSync(join(folder, MARKER), '');
  for (const name of readdirSync(folder)) {
    const file = openSync(join(folder, name), 'r');
    fsyncSync(file);
    closeSync(file);
  }
  chmodSync(folder, 0o755);
}

function moveThere(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    // Another process has made the same meanwhile; or one has begun to remove it, and was killed.
    if (isWhole(to)) return;
    remove(to);
    renameSync(from, to);
  }
}

/** Out of sight first: what is cut off then is not taken for whole. */
function remove(folder) {
  const gone = join(CACHE, `gone-${process.pid}-${basename(folder)}`);
  try {
    renameSync(folder, gone);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  rmSync(gone, { recursive: true, force: true });
}

function prune(name) {
  const madeAt = (folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const entries = readdirSync(CACHE).map((entry) => join(CACHE, entry));
  const cutOff = entries.filter((entry) => /^(making|gone)-/.test(basename(entry)));
  for (const entry of cutOff.filter((entry) => Date.now() - madeAt(entry) > HOUR_MS))
    rmSync(entry, { recursive: true, force: true });
  const kept = entries.filter((entry) => basename(entry).startsWith(`${name}-`));
  for (const folder of kept.sort((a, b) => madeAt(b) - madeAt(a)).slice(MOST_KEPT)) remove(folder);
}
