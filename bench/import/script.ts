import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { PHASES, type PhaseName, type Times } from './times.ts';

const SCRIPT_DIR = fileURLToPath(new URL('./script/', import.meta.url));

/** The files of the hand-written script, by what they are compared with. In this order psql may run them too. */
const FILES: Record<PhaseName, string[]> = {
  views: ['views.sql'],
  checks: ['checks.sql'],
  import: ['tables.sql', 'lookups.sql', 'sites.sql', 'related.sql'],
  indexes: ['indexes.sql'],
};

/** Runs the script in one session, each file as one message. */
export async function runScript(session: pg.ClientBase): Promise<Times> {
  const times: Partial<Record<PhaseName, number>> = {};
  const started = performance.now();
  for (const phase of PHASES) {
    const before = performance.now();
    for (const file of FILES[phase]) {
      try {
        await session.query(await readScript(join(SCRIPT_DIR, file)));
      } catch (error) {
        throw new Error(`bench/import/script/${file}: ${(error as Error).message}`, { cause: error });
      }
    }
    times[phase] = (performance.now() - before) / 1000;
  }
  return { phases: times as Record<PhaseName, number>, all: (performance.now() - started) / 1000 };
}

/** Puts in what psql's \ir would: the views' SELECTs are those of the catalog. */
async function readScript(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  const parts = lines.map((line) =>
    line.startsWith('\\ir ') ? readFile(join(dirname(file), line.slice('\\ir '.length)), 'utf8') : line,
  );
  return (await Promise.all(parts)).join('\n');
}
