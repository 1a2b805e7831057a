import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '../../local/paths.ts';
import { cores } from '../support/cpu.ts';
import { BENCH_DIR } from '../support/stack.ts';
import { formatSections, isCorrect } from '../support/table.ts';
import { type ImportOptions, readOptions } from './options.ts';
import { scaleSection, sizeSection } from './report.ts';
import { type Measured, measureSize } from './size.ts';

const FILE = join(BENCH_DIR, 'import.json');

/** @returns exit code 1 when the script and the release do not give the same row counts */
export async function importBench(args: string[]): Promise<number> {
  const options = readOptions(args);
  const started = performance.now();
  const say = (line: string) =>
    console.error(`[bench ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  const all: Measured[] = [];
  for (const sites of options.sizes) {
    all.push(await measureSize(sites, options.rows, say));
    // At once: the next size may take long, or be broken off.
    save(options, all);
    console.log(`\n${formatSections(all.slice(-1).map(sizeSection))}\n`);
  }
  if (all.length > 1) console.log(`${formatSections([scaleSection(all)])}\n`);
  console.log(`${cores} cores; all figures in ${relative(ROOT, FILE)}`);
  return isCorrect(all.map(sizeSection)) ? 0 : 1;
}

function save(options: ImportOptions, facts: Measured[]): void {
  mkdirSync(BENCH_DIR, { recursive: true });
  const sections = [...facts.map(sizeSection), scaleSection(facts)];
  writeFileSync(
    FILE,
    `${JSON.stringify({ at: new Date().toISOString(), cores, options, sections, facts }, null, 2)}\n`,
  );
}
