import { readFlags } from '../support/usage.ts';

export interface ImportOptions {
  /** Sizes of the portal, in sites, smallest first. */
  sizes: number[];
  /** Rows that the stand-in of the old way imports, before its time is scaled. */
  rows: number;
}

const REAL_SIZE = 312_510;
const OTHER_SIZES = [10_000, 100_000, 1_000_000];
const QUICK_SIZES = [1000, 10_000];

const USAGE = `Usage: npm run bench -- import [options]

For each size, on a private stack of its own: seeds the demo portal, runs a hand-written SQL script (bench/import/script) in
one database and a dry run of the real workflow and worker in another, both empty and linked to that portal, compares the
row counts, and imports a sample row by row as the old system did. Prints a table and writes .local/bench/import.json.

  --sites N          the size to look at, beside 10000, 100000 and 1000000 (default ${REAL_SIZE})
  --only-this-size   that size only
  --rows N           rows that are imported row by row (default 2000); their time is scaled to the size
  --quick            a trial of all of it: 1000 and 10000 sites, 200 rows

The whole takes about half an hour on two cores, most of it the million sites, and 25 GB of disk.
Exit code 1: the script and the release do not give the same row counts. Times are printed as met or missed only.`;

export function readOptions(args: string[]): ImportOptions {
  const { numbers, switches } = readFlags(args, USAGE, {
    numbers: ['sites', 'rows'],
    switches: ['only-this-size', 'quick'],
  });
  const { quick } = switches;
  const asked = numbers.sites ?? REAL_SIZE;
  const all = quick ? [...QUICK_SIZES, ...(numbers.sites ? [asked] : [])] : [...OTHER_SIZES, asked];
  return {
    sizes: switches['only-this-size'] ? [asked] : [...new Set(all)].sort((a, b) => a - b),
    rows: numbers.rows ?? (quick ? 200 : 2000),
  };
}
