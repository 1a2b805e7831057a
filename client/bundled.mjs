import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keep } from '../worker/kept.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages in CommonJS ask for Node's own modules by it. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(join(ROOT, 'package.json'))});`;

const INPUTS = {
  folders: ['contracts', 'catalog', 'workflows', 'activities', 'worker', 'client'],
  files: ['package-lock.json', 'tsconfig.json'],
};

/** They run in workers only, look for files beside their own, or are native: they stay where they are. */
const NEVER_BUNDLED = ['@temporalio/worker', '@temporalio/activity', 'node-pg-migrate', 'pg-native', 'pino', 'esbuild'];

/**
 * The command line in one piece, of the sources as they are: it starts in half of the time. SQL and all else that is read while it
 * runs stay where they are. So do the packages of a worker, which has to share them with Temporal's own code.
 *
 * @param withPackages packages are bundled too: to find, read and link a thousand files takes longer than most commands
 * @returns the path of its entry; nothing where it cannot be kept
 */
export async function bundledCommandLine({ withPackages }) {
  const bundle = (folder) => bundleInto(folder, withPackages);
  const folder = await keep(withPackages ? 'client' : 'worker', INPUTS, bundle);
  return folder && join(folder, 'run.js');
}

async function bundleInto(outdir, withPackages) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['client/run.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    ...(withPackages ? { external: NEVER_BUNDLED, banner: { js: REQUIRE } } : { packages: 'external' }),
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'error',
    write: false,
    plugins: [{ name: 'where the source is', setup: keepPlace }],
  });
  // Not by the bundler, which says in words only that a disk is full.
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

/** A module that reads a file beside it finds it beside its source. */
function keepPlace(build) {
  build.onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => {
    if (!INPUTS.folders.some((name) => path.startsWith(join(ROOT, name, sep)))) return undefined;
    const place = JSON.stringify(pathToFileURL(path).href);
    return {
      loader: path.endsWith('ts') ? 'ts' : 'js',
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', () => place),
    };
  });
}
