import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '../../local/paths.ts';
import { cores } from '../support/cpu.ts';
import { BENCH_DIR } from '../support/stack.ts';
import { formatSections, isCorrect, type Section } from '../support/table.ts';
import { type ImportOptions, readOptions } from './options.ts';
import { scaleSection, sizeSection } from './report.ts';
import { type Measured, measureSize } from './size.ts';

/** @returns exit code 1 when the script and the release do not give the same row counts */
export async function importBench(args: string[]): Promise<number> {
  const options = readOptions(args);
  const started = performance.now();
  const say = (line: string) =>
    console.error(`[bench ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  const all: Measured[] = [];
  for (const sites of options.sizes) {
    const measured = await measureSize(sites, options.rows, say);
    all.push(measured);
    // At once: the next size may take long, or be broken off.
    console.log(`\n${formatSections([sizeSection(measured)])}\n`);
  }
  const sections = [...all.map(sizeSection), ...(all.length > 1 ? [scaleSection(all)] : [])];
  const file = save(options, sections, all);
  if (all.length > 1) console.log(`\n${formatSections([scaleSection(all)])}\n`);
  console.log(`${cores} cores; all figures in ${relative(ROOT, file)}`);
  return isCorrect(sections) ? 0 : 1;
}

function save(options: ImportOptions, sections: Section[], facts: Measured[]): string {
  mkdirSync(BENCH_DIR, { recursive: true });
  const file = join(BENCH_DIR, 'import.json');
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), cores, options, sections, facts }, null, 2)}\n`,
  );
  return file;
}
