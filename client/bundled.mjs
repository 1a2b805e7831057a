import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keep } from '../worker/kept.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const INPUTS = {
  folders: ['contracts', 'catalog', 'workflows', 'activities', 'worker', 'client'],
  files: ['package-lock.json', 'tsconfig.json'],
};

/**
 * The command line in one piece, of the sources as they are: it starts in two thirds of the time. Packages, SQL and all else that is
 * read while it runs stay where they are.
 *
 * @returns the path of its entry; nothing where it cannot be kept
 */
export async function bundledCommandLine() {
  const folder = await keep('client', INPUTS, bundleInto);
  return folder && join(folder, 'run.js');
}

async function bundleInto(outdir) {
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
    packages: 'external',
    sourcemap: true,
    logLevel: 'error',
    write: false,
    plugins: [{ name: 'where the source is', setup: keepPlace }],
  });
  // Not by the bundler, which says in words only that a disk is full.
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

/** A module that reads a file beside it finds it beside its source. */
function keepPlace(build) {
  build.onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => ({
    loader: path.endsWith('ts') ? 'ts' : 'js',
    contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', () => JSON.stringify(pathToFileURL(path).href)),
  }));
}
