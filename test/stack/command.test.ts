import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withLock } from '../../local/lock.mjs';
import { ROOT } from '../../local/paths.ts';
import { run, scratchDirectory, stackCommand } from '../support/stack.ts';

const scratch = scratchDirectory();
afterAll(() => rmSync(scratch, { recursive: true }));

describe('npm run stack', () => {
  test('answers an unknown subcommand or option with its usage and exit code 2', async () => {
    for (const args of [['bogus'], [], ['up', '--bogus'], ['down', 'now']]) {
      const { code, stderr } = await stackCommand(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining('Usage: npm run stack -- COMMAND')]);
    }
  });

  test('env of a stack that is not up says what to do, without a stack trace', async () => {
    const { code, stderr } = await stackCommand(['env', '--dir', join(scratch, 'none')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/The stack is not up.*npm run stack -- up/s);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('node local/run.mjs', () => {
  const clone = join(scratch, 'a clone');
  const bin = join(scratch, 'bin');
  const calls = join(scratch, 'calls');
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };

  // A copy of the launcher with an npm that only says it was called, and takes its time.
  function makeClone() {
    mkdirSync(join(clone, 'local'), { recursive: true });
    mkdirSync(bin, { recursive: true });
    for (const name of ['run.mjs', 'dependencies.mjs', 'lock.mjs', 'process-identity.mjs']) {
      cpSync(join(ROOT, 'local', name), join(clone, 'local', name));
    }
    writeLock('1.0.0');
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh\necho "$@" >> '${calls}'\nsleep 1\nmkdir -p node_modules\ncp package-lock.json node_modules/.package-lock.json\n`,
    );
    chmodSync(join(bin, 'npm'), 0o755);
  }
  const writeLock = (version: string) =>
    writeFileSync(
      join(clone, 'package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/one': { version, integrity: version } } }),
    );
  const launch = () => run(process.execPath, [join(clone, 'local/run.mjs'), 'portal'], { env, cwd: scratch });
  const installs = () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0);

  test('installs the locked dependencies once, though two commands start at once, and again when they change', async () => {
    makeClone();
    const outcomes = await Promise.all([launch(), launch()]);
    expect(installs()).toBe(1);
    expect(outcomes.map(({ stderr }) => stderr).join()).toContain('Installing the locked dependencies');
    await launch();
    expect(installs()).toBe(1);
    writeLock('1.0.1');
    await launch();
    expect(installs()).toBe(2);
  });

  test('refuses an unknown command with exit code 2', async () => {
    const { code, stderr } = await run(process.execPath, [join(clone, 'local/run.mjs'), 'bogus'], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('Usage')]);
  });

  describe('starts the TypeScript entry', () => {
    const entry = join(clone, 'bench', 'main.ts');
    const args = [join(clone, 'local/run.mjs'), 'bench', 'a b', '-c'];

    beforeAll(() => {
      mkdirSync(join(clone, 'bench'), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', 'tsx'), join(clone, 'node_modules', 'tsx'));
    });

    test('with its arguments, and answers its exit code', async () => {
      writeFileSync(entry, 'const code: number = 7; console.log(process.argv.slice(2).join("|")); process.exit(code);');
      expect(await run(process.execPath, args, { env })).toEqual({ code: 7, stdout: 'a b|-c\n', stderr: '' });
    });

    test('and hands signals on to it', async () => {
      writeFileSync(
        entry,
        'process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); console.log("up");',
      );
      const child = spawn(process.execPath, args, {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([9, null]);
    });
  });
});

describe('the lock', () => {
  test('is held by one at a time', async () => {
    let inside = 0;
    const work = () =>
      withLock(join(scratch, 'lock'), async () => {
        inside += 1;
        await new Promise((resolve) => setImmediate(resolve));
        expect(inside).toBe(1);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 5 }, work));
  });

  test('of a process that was killed is taken over, also if its pid is in use again', async () => {
    const path = join(scratch, 'stale');
    for (const holder of [
      { pid: 2 ** 22 + 1, identity: 'x' },
      { pid: process.pid, identity: 'before the reboot' },
    ]) {
      writeFileSync(path, JSON.stringify(holder));
      expect(await withLock(path, async () => 'done')).toBe('done');
      expect(existsSync(path)).toBe(false);
    }
  });
});
