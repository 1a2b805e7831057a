import { builtinModules } from 'node:module';
import { relative, resolve } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { ROOT } from '../../local/paths.ts';
import { WORKFLOWS_PATH } from '../../worker/bundle.ts';

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

it('the workflows bundle, and nothing in the bundle reaches a database, a file or a room of the activities', async () => {
  const silent = () => undefined;
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  const sourceMap = JSON.parse(
    Buffer.from(code.slice(code.lastIndexOf('base64,') + 'base64,'.length), 'base64').toString('utf8'),
  ) as { sources: string[] };
  const modules = sourceMap.sources.map(moduleName);
  expect(modules.some((module) => module.endsWith('workflows/release.ts'))).toBe(true);
  const foreign = modules.filter((module) => /\.(ts|js|mjs|cjs)$/.test(module) && !ALLOWED.test(module));
  expect(foreign).toEqual([]);
  const builtins = builtinModules.filter(
    (name) => code.includes(`require("${name}")`) || code.includes(`external "${name}"`),
  );
  expect(builtins).toEqual([]);
});
