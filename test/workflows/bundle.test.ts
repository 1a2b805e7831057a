import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../local/paths.ts';
import { BUNDLE_INPUTS, bundleWorkflows } from '../../worker/bundle.ts';
import { fingerprint } from '../../worker/kept.mjs';

/** Modules that may stand in the workflows' bundle, besides Temporal's own, as folders of the repository and packages. */
const ALLOWED =
  /^(workflows|contracts)\/|^node_modules\/(zod|@temporalio\/(workflow|common|proto|worker)|nexus-rpc|ms|long|protobufjs|heap-js)\//;

/** A module's path from the repository's folder, or from the innermost node_modules. */
function moduleName(source: string): string {
  const path = source.replace(/^webpack:\/\/[^/]*\//, '');
  const inside = path.lastIndexOf('node_modules/');
  if (inside >= 0) return path.slice(inside);
  return relative(ROOT, resolve(ROOT, path));
}

/** The modules in the bundle that a worker runs, by their path from the repository's folder. */
async function readModules(): Promise<{ code: string; sources: Map<string, string> }> {
  const code = await bundleWorkflows();
  const encoded = code.slice(code.lastIndexOf('base64,') + 'base64,'.length);
  const map = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as {
    sources: string[];
    sourcesContent: string[];
  };
  return { code, sources: new Map(map.sources.map((name, at) => [moduleName(name), map.sourcesContent[at] ?? ''])) };
}

it('the workflows bundle, and nothing in the bundle reaches a database, a file or a room of the activities', async () => {
  const { code, sources } = await readModules();
  const modules = [...sources.keys()];
  expect(modules).toContain('workflows/release.ts');
  const foreign = modules.filter((module) => /\.(ts|js|mjs|cjs)$/.test(module) && !ALLOWED.test(module));
  expect(foreign).toEqual([]);
  const builtins = builtinModules.filter(
    (name) => code.includes(`require("${name}")`) || code.includes(`external "${name}"`),
  );
  expect(builtins).toEqual([]);
});

it('the bundle that is kept for the next worker is of the sources as they are', async () => {
  const { sources } = await readModules();
  const own = [...sources].filter(([name]) => /^(workflows|contracts)\/.*\.ts$/.test(name));
  expect(own.length).toBeGreaterThan(10);
  for (const [name, text] of own) expect(text, name).toBe(readFileSync(join(ROOT, name), 'utf8'));
});

it('another one is made when a source is changed, added or removed, or a package is', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'pp sources '));
  try {
    for (const name of ['workflows', 'contracts', 'worker', 'package-lock.json'])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    const seen = [fingerprint(BUNDLE_INPUTS, copy)];
    expect(fingerprint(BUNDLE_INPUTS, copy)).toBe(seen[0]);
    appendFileSync(join(copy, 'workflows/release.ts'), '\n');
    seen.push(fingerprint(BUNDLE_INPUTS, copy));
    writeFileSync(join(copy, 'contracts/more.ts'), '');
    seen.push(fingerprint(BUNDLE_INPUTS, copy));
    rmSync(join(copy, 'workflows/details.ts'));
    seen.push(fingerprint(BUNDLE_INPUTS, copy));
    appendFileSync(join(copy, 'package-lock.json'), '\n');
    seen.push(fingerprint(BUNDLE_INPUTS, copy));
    expect(new Set(seen).size).toBe(5);
  } finally {
    rmSync(copy, { recursive: true });
  }
});
