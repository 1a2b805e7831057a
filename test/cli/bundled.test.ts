import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../local/paths.ts';
import { run } from '../support/stack.ts';

/** A copy of the command line with a cache of its own. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'pp copy '));
  for (const name of ['contracts', 'catalog', 'workflows', 'activities', 'worker', 'client', 'package.json'])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter((name) => !name.startsWith('.')))
    symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const pp = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, [join(copy, 'client/bin.mjs'), ...args], { env: { ...process.env, ...env } });
const cache = () => join(copy, 'node_modules/.cache/pp-release');
const kept = () => readdirSync(cache());

it('the command line is bundled once for the sources as they are, also by several at once, and anew when one changes', async () => {
  const first = await Promise.all([pp(['--help']), pp(['--help']), pp(['backups', '--help'])]);
  expect(first.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']));
  expect(kept()).toEqual([expect.stringMatching(/^client-[0-9a-f]{32}$/)]);
  const main = join(copy, 'client/main.ts');
  writeFileSync(
    main,
    readFileSync(main, 'utf8').replace('abort the release that is running', 'stop it, whatever it does'),
  );
  expect((await pp(['--help'])).stdout).toContain('stop it, whatever it does');
  expect(kept()).toHaveLength(2);
  // It is another user's, and was cut off while it was removed.
  for (const name of kept()) {
    expect(statSync(join(cache(), name)).mode & 0o777).toBe(0o755);
    rmSync(join(cache(), name, 'whole'));
    rmSync(join(cache(), name, 'run.js'));
  }
  expect((await pp(['--help'])).stdout).toContain('stop it, whatever it does');
  writeFileSync(join(copy, 'client/commands/abort.ts'), 'export const abort = ;');
  const broken = await pp(['abort']);
  expect([broken.code, broken.stdout]).toEqual([1, '']);
  expect(broken.stderr).toMatch(/client\/commands\/abort\.ts:1:21: ERROR/);
  expect(kept()).toHaveLength(2);
});

it('a stack trace that is asked for names the sources', async () => {
  cpSync(join(ROOT, 'client'), join(copy, 'client'), { recursive: true });
  const { code, stderr } = await pp(['backups', '--verbose'], { PP_DATABASE_URL: 'postgres://x@127.0.0.1:1/x' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^pp-release: the database x at 127\.0\.0\.1:1 does not answer/);
  expect(stderr).toMatch(/at withDatabase \(.*\/client\/database\.ts:\d+:\d+\)/);
});
