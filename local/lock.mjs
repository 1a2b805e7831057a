// Plain JavaScript because run.mjs needs it before any dependency is installed.
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity } from './process-identity.mjs';

const LOOK_AGAIN_MS = 200;
const BREAKER_IS_STALE_MS = 10_000;

function holderOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    // Content that is no JSON was never written by us: link() shows a lock only when it is complete.
    return { pid: 0, identity: 'unreadable' };
  }
}

const isAlive = (holder) => holder.pid > 0 && processIdentity(holder.pid) === holder.identity;

/** link() makes name and content appear in one step, so that nobody can read half a lock. */
function create(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) }), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Only one rival may remove a dead holder's lock: else the second would remove the first one's new lock. */
function removeStale(path) {
  const breaker = `${path}.breaker`;
  if (!create(breaker)) {
    const age = Date.now() - (statSync(breaker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > BREAKER_IS_STALE_MS) rmSync(breaker, { force: true });
    return;
  }
  try {
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) rmSync(path, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

/**
 * Runs `work` while holding the lock file `path`. A lock whose holder was killed is taken over.
 * A process that asks twice at once waits for itself: the second caller goes on when the first is done.
 */
export async function withLock(path, work, onWait = () => {}) {
  let told = false;
  while (!create(path)) {
    const holder = holderOf(path);
    if (holder !== undefined && !isAlive(holder)) {
      removeStale(path);
      continue;
    }
    if (!told && holder !== undefined) {
      told = true;
      onWait(holder.pid);
    }
    await delay(LOOK_AGAIN_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
