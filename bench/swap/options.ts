import { readFlags } from '../support/usage.ts';

export interface SwapOptions {
  sites: number;
  readers: number;
  /** Swaps and rollbacks in all, one after the other. */
  cycles: number;
  /** Mean pause of a reader between two pieces of work, ms. */
  pauseMs: number;
  /** How long one reader sits in a transaction, s. */
  sitsSeconds: number;
  /** Lock budget of the rollback that meets a load without pauses, s. */
  budgetSeconds: number;
  /** A rollback at full size, as a whole process, instead of all else. */
  full: boolean;
}

const USAGE = `Usage: npm run bench -- swap [options]

Seeds the demo portal, makes two releases by the real workflow and worker, and then rolls back and promotes again by the
same workflows, while readers in a process of their own check every answer. Beside it the same readers without swaps, a
reader that sits in a transaction, and a load that never pauses. Prints a table and writes .local/bench/swap.json.

  --sites N      sites of the portal (default 50000; 312510 with --full)
  --readers N    reading connections (default 16)
  --cycles N     swaps and rollbacks in all, one after the other (default 20)
  --pause-ms N   mean pause of a reader (default 80; 800 with --full, whose counts read six times as much)
  --sits N       seconds that one reader sits in a transaction (default 20)
  --budget N     lock budget in seconds against the load that never pauses (default 10)
  --quick        a trial of all of it: 2000 sites, 4 cycles, 5 s, 5 s
  --full         only the rollback of a release of full size, as a whole process; writes .local/bench/swap-full.json

Exit code 1: an error or a mixture of two releases was seen. Times are printed as met or missed only.`;

export function readOptions(args: string[]): SwapOptions {
  const { numbers, switches } = readFlags(args, USAGE, {
    numbers: ['sites', 'readers', 'cycles', 'pause-ms', 'sits', 'budget'],
    switches: ['quick', 'full'],
  });
  const { quick, full } = switches;
  return {
    sites: numbers.sites ?? (quick ? 2000 : full ? 312_510 : 50_000),
    readers: numbers.readers ?? 16,
    cycles: numbers.cycles ?? (quick ? 4 : 20),
    pauseMs: numbers['pause-ms'] ?? (full ? 800 : 80),
    sitsSeconds: numbers.sits ?? (quick ? 5 : 20),
    budgetSeconds: numbers.budget ?? (quick ? 5 : 10),
    full,
  };
}
