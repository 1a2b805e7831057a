import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../local/paths.ts';

const REFUSED = [
  `import { importers } from '../catalog/index.ts';`,
  `import { runStep } from '../activities/step.ts';`,
  `import { createActivities } from '../activities/index.ts';`,
  `import { Database } from '../activities/postgres/database.ts';`,
];
const ALLOWED = [
  `import type { ReleasePlan } from '../activities/index.ts';`,
  `import { PHASES } from '../contracts/index.ts';`,
];

it('Biome lets workflows import contracts and types of the activities, and refuses the catalog and all else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pp imports '));
  try {
    const { $schema: _, vcs: __, ...configuration } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'));
    writeFileSync(join(dir, 'biome.json'), JSON.stringify(configuration));
    mkdirSync(join(dir, 'workflows'));
    const lines = [...REFUSED, ...ALLOWED];
    for (const [at, line] of lines.entries()) writeFileSync(join(dir, 'workflows', `${at}.ts`), `${line}\n`);
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--only=style/noRestrictedImports', '--reporter=github', '.'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
    const refused = lines.filter((_, at) => new RegExp(`/workflows/${at}\\.ts`).test(stdout));
    expect(refused, stdout).toEqual(REFUSED);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** PostgreSQL refuses md5() where OpenSSL is in FIPS mode. */
it('no SQL of ours calls md5', () => {
  const folders = ['activities', 'catalog', 'client', 'contracts', 'worker', 'workflows'];
  const files = folders
    .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true }).map((file) => join(folder, String(file))))
    .filter((file) => /\.(ts|sql)$/.test(file));
  expect(files.length).toBeGreaterThan(150);
  expect(files.filter((file) => /\bmd5\s*\(/i.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
});
