import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { ROOT } from '../../local/paths.ts';
import { runCommand } from '../../local/stack/command.ts';
import { downWhenThisProcessEnds } from '../../local/stack/guard.ts';
import { reset, up } from '../../local/stack/index.ts';
import { obtainTemporal } from '../../local/stack/temporal/obtain.ts';
import { TEMPORAL_VERSION } from '../../local/stack/temporal/version.ts';
import {
  bareStack,
  find,
  processesMentioning,
  run,
  scratchDirectory,
  scratchStack,
  stackCommand,
} from '../support/stack.ts';

const scratch = await Promise.all([scratchStack(), scratchStack(), scratchStack()]);
const [one, other, third] = scratch.map(({ dir }) => dir) as [string, string, string];

afterAll(async () => {
  await Promise.all(scratch.map((stack) => stack.end()));
});

test('two clones have their stacks up at the same time', async () => {
  const states = await Promise.all([bareStack(one), bareStack(other)]);
  const ports = states.flatMap(({ postgres, temporal }) => [postgres?.port, temporal?.port, temporal?.uiPort]);
  expect(new Set(ports).size).toBe(6);
  await reset({ dir: other });
  expect(processesMentioning(other)).toEqual([]);
  expect(find(one, 'postgres').state).toBe('running');
});

describe('a port that somebody asks for', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  afterEach(() => {
    for (const name of ['POSTGRES_PORT', 'UI_PORT', 'ADDRESSES']) delete process.env[`PP_STACK_${name}`];
    for (const name of ['PP_DATABASE_URL', 'PP_PORTAL_DATABASE_URL']) delete process.env[name];
  });

  test('and that is in use gives one message, and nothing is left half done', async () => {
    process.env.PP_STACK_POSTGRES_PORT = String(port);
    await expect(bareStack(other)).rejects.toThrow(`Port ${port}, asked for by PP_STACK_POSTGRES_PORT, is in use.`);
    expect(processesMentioning(other)).toEqual([]);
  });

  test('and that is none gives one message', async () => {
    process.env.PP_STACK_UI_PORT = 'http';
    await expect(bareStack(one)).rejects.toThrow('PP_STACK_UI_PORT=http is no usable port.');
  });

  test('of last time that is taken meanwhile is given up for another; addresses of before are no servers of a person', async () => {
    const before = find(one, 'postgres').port as number;
    const { stdout } = await stackCommand(['env', '--json', '--dir', one]);
    const { PP_DATABASE_URL, PP_PORTAL_DATABASE_URL, PP_STACK_ADDRESSES } = JSON.parse(stdout);
    await reset({ dir: one, keepLogs: true });
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(before, '127.0.0.1', resolve));
    // As in a shell that still has what `stack env` printed.
    Object.assign(process.env, { PP_DATABASE_URL, PP_PORTAL_DATABASE_URL, PP_STACK_ADDRESSES });
    const state = await up({ dir: one, worker: false, migrate: false, progress: () => undefined });
    expect(state.postgres).toMatchObject({ source: expect.stringMatching(/private|docker/) });
    expect(state.postgres?.port).not.toBe(before);
    expect(state.env?.PP_DATABASE_URL).not.toBe(PP_DATABASE_URL);
    await new Promise((resolve) => squatter.close(resolve));
  });
});

describe('servers named in the environment', () => {
  afterEach(() => {
    delete process.env.PP_DATABASE_URL;
    delete process.env.PP_PORTAL_DATABASE_URL;
    delete process.env.PP_STACK_ADDRESSES;
  });

  const nameServers = (databaseUrl: string) => {
    process.env.PP_DATABASE_URL = databaseUrl;
    process.env.PP_PORTAL_DATABASE_URL = inject('stackEnv').PP_PORTAL_DATABASE_URL;
  };
  const start = (lines: string[] = []) =>
    up({ dir: third, worker: false, migrate: false, progress: (line) => lines.push(line) });

  test('are used as they are, and none is started', async () => {
    nameServers(inject('stackEnv').PP_DATABASE_URL);
    const lines: string[] = [];
    const state = await start(lines);
    expect(state.env?.PP_DATABASE_URL).toBe(process.env.PP_DATABASE_URL);
    expect(find(third, 'postgres')).toEqual({ name: 'postgres', state: 'external' });
    expect(lines.join()).toContain('none is started');
  });

  test('count, also where the shell has addresses that the stack itself has printed; it prints theirs unmarked', async () => {
    process.env.PP_STACK_ADDRESSES = 'mark of other addresses';
    nameServers(inject('stackEnv').PP_DATABASE_URL);
    expect((await start()).postgres).toMatchObject({ source: 'environment' });
    expect((await stackCommand(['env', '--dir', third])).stdout).not.toContain('PP_STACK_ADDRESSES');
  });

  test('with a wrong password give one message that hides it', async () => {
    const url = new URL(inject('stackEnv').PP_DATABASE_URL);
    url.password = 'secret';
    nameServers(url.href);
    const refusal = await start().catch((error: Error) => error.message);
    expect(refusal).toMatch(/PP_DATABASE_URL names cannot be used.*refuses this password.*Correct PP_DATABASE_URL/s);
    expect(refusal).not.toContain('secret');
  });
});

describe('an ordinary user', async () => {
  const account = { name: 'nobody', uid: 65534, gid: 65534 };
  // By its whole path and from elsewhere: the way to the clone may be closed, too.
  const look = () => run('test', ['-r', join(ROOT, 'package.json')], { account, cwd: '/' });
  const canRead = process.getuid?.() === 0 && (await look()).code === 0;

  // A clone under root's home cannot be read by others at all: there is nothing to test then.
  test.skipIf(!canRead)('has a stack as root has', { timeout: 60_000 }, async () => {
    const home = scratchDirectory();
    const bin = join(home, '.cache', 'pp-release', 'bin');
    mkdirSync(bin, { recursive: true });
    copyFileSync(await obtainTemporal(() => {}), join(bin, `temporal-${TEMPORAL_VERSION}`));
    await runCommand('chown', ['-R', '65534:65534', home]);
    const options = { account, env: { HOME: home, XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: home } };
    const dir = join(home, 'state');
    const takeDown = await downWhenThisProcessEnds(dir);
    const started = await stackCommand(['up', '--no-worker', '--dir', dir, '--json'], options);
    expect(started).toMatchObject({ code: 0 });
    const { processes } = JSON.parse(started.stdout) as {
      processes: Array<{ name: string; state: string; pid?: number }>;
    };
    expect(processes.map(({ state }) => state)).toEqual(['running', 'running', 'stopped']);
    expect(await stackCommand(['down', '--dir', dir], options)).toMatchObject({ code: 0 });
    expect(processesMentioning(dir)).toEqual([]);
    await takeDown();
    rmSync(home, { recursive: true });
  });
});
