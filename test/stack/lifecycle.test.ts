import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processIdentity } from '../../local/process-identity.mjs';
import { down, type StackState, status, superuserUrlOf } from '../../local/stack/index.ts';
import { withClient } from '../../local/stack/postgres/server.ts';
import { pathsOf, readState } from '../../local/stack/state.ts';
import { bareStack, find, pidOf, processesMentioning, type ScratchStack, scratchStack } from '../support/stack.ts';

// One stack for the whole file, in a folder that only its owner may enter and whose path has blanks. The tests follow
// each other: each leaves the stack up.
describe('one stack through its life', () => {
  let scratch: ScratchStack;
  let dir: string;
  let paths: ReturnType<typeof pathsOf>;
  let state: StackState;
  const liveUrl = () => state.env?.PP_DATABASE_URL ?? '';
  const kept = () =>
    withClient(liveUrl(), async (client) => (await client.query<{ n: number }>('SELECT n FROM kept')).rows[0]?.n);

  beforeAll(async () => {
    scratch = await scratchStack();
    dir = scratch.dir;
    paths = pathsOf(dir);
    [state] = await Promise.all([bareStack(dir), bareStack(dir)]);
    await withClient(liveUrl(), (client) => client.query('CREATE TABLE kept AS SELECT 42 AS n'));
  });

  afterAll(() => scratch.end());

  test('two starts at the same instant, and a third, give one stack', async () => {
    const before = status({ dir });
    state = await bareStack(dir);
    expect(status({ dir })).toEqual(before);
    expect(before.map((one) => one.state)).toEqual(['running', 'running', 'stopped']);
    expect(processesMentioning(dir).filter((line) => line.includes('start-dev'))).toHaveLength(1);
  });

  test('only its owner can read the passwords and the logs', () => {
    expect(statSync(paths.state).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  test('servers killed with -9 are seen as dead, and the next start repairs them on the same ports', async () => {
    const before = status({ dir });
    for (const name of ['postgres', 'temporal'] as const) process.kill(pidOf(dir, name), 'SIGKILL');
    await expect.poll(() => status({ dir }).map((one) => one.state)).toEqual(['dead', 'dead', 'stopped']);
    state = await bareStack(dir);
    expect(status({ dir }).map(({ name, port }) => [name, port])).toEqual(before.map(({ name, port }) => [name, port]));
    expect(await kept()).toBe(42);
  });

  test('a pid that now belongs to another process is neither trusted nor killed', async () => {
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      process.kill(pidOf(dir, 'temporal'), 'SIGKILL');
      const text = JSON.stringify(readState(dir), (key, value) =>
        key === 'temporal' ? { ...value, process: { ...value.process, pid: stranger.pid } } : value,
      );
      writeFileSync(paths.state, text);
      expect(find(dir, 'temporal').state).toBe('dead');
      state = await bareStack(dir);
      expect(pidOf(dir, 'temporal')).not.toBe(stranger.pid);
      expect(processIdentity(stranger.pid as number)).toBeDefined();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  test('a lost state file costs no data: running servers are found and new passwords are set', async () => {
    const old = [pidOf(dir, 'postgres'), pidOf(dir, 'temporal')];
    rmSync(paths.state);
    state = await bareStack(dir);
    expect(old.map((pid) => processIdentity(pid))).toEqual([undefined, undefined]);
    expect(await kept()).toBe(42);
  });

  test("the superuser's password changed behind our back is set again", async () => {
    await withClient(superuserUrlOf(state) ?? '', (client) => client.query("ALTER ROLE postgres PASSWORD 'other'"));
    state = await bareStack(dir);
    expect(await kept()).toBe(42);
  });

  describe('down', () => {
    let frozen: number;
    let child: ChildProcess;

    beforeAll(async () => {
      const superuserUrl = superuserUrlOf(state) ?? '';
      const { rows } = await withClient(superuserUrl, (client) =>
        client.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"),
      );
      frozen = rows[0]?.pid as number;
      // A child of the postmaster that cannot see its parent's death, since it is stopped.
      process.kill(frozen, 'SIGSTOP');
      process.kill(pidOf(dir, 'postgres'), 'SIGKILL');
      // What the state file does not know, such as a child of a worker.
      child = spawn('sleep', ['600'], { stdio: 'ignore', env: { PP_STACK_DIR: dir } });
    });

    test('leaves no process, not even children of a dead server, and can be said twice', async () => {
      expect(processIdentity(frozen)).toBeDefined();
      await down({ dir });
      expect(processIdentity(frozen)).toBeUndefined();
      await expect.poll(() => child.signalCode).toBe('SIGTERM');
      expect(processesMentioning(dir)).toEqual([]);
      await down({ dir });
      expect(status({ dir }).map((one) => one.state)).toEqual(['stopped', 'stopped', 'stopped']);
    });

    test('keeps the data, which the next start finds', async () => {
      state = await bareStack(dir);
      expect(await kept()).toBe(42);
      expect(readFileSync(paths.postgresLog, 'utf8')).toContain('ready to accept connections');
    });
  });
});
