/**
 * `npm run chaos -- --runs N --seed S [--sites N]`: kills and freezes what runs in the middle of releases and rollbacks.
 * `npm run chaos -- --commands N --seed S`: types random commands in random states.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { randomOf } from '../bench/support/stats.ts';
import { BenchUsage, readFlags } from '../bench/support/usage.ts';
import { ROOT } from '../local/paths.ts';
import { seed } from '../local/portal/seed.ts';
import { reportError } from '../local/stack/errors.ts';
import { withClient } from '../local/stack/postgres/server.ts';
import { typeCommands } from './commands/run.ts';
import type { World } from './commands/world.ts';
import { type Drawn, FAULTS } from './faults.ts';
import { type Action, Runs, type Undisturbed } from './run.ts';
import { type ChaosStack, cleanEnvironment, withChaosStack } from './stack.ts';

const USAGE = `Usage: npm run chaos -- [--runs 60] [--seed 1] [--sites 2000]
       npm run chaos -- --commands 300 [--seed 1] [--sites 60]

Runs releases and rollbacks on a stack of its own in .local/chaos. In each, at a random moment, a worker, Temporal,
PostgreSQL or the portal's database is killed, frozen or cut off; it has to go on to its end, and every invariant is checked. The same seed draws
the same faults and moments. Exit code 1 when one does not hold.

With --commands it types so many commands instead: right, wrong, empty, two at once, in whatever state the ones before have left. After
each, nothing of a stranger's has changed, live is one release, a way back exists, and what the command said is true.`;

/** Longest that something is frozen or the portal is gone, unless a worker stays frozen until the end. */
const LONGEST_MS = 4_000;
/** Temporal is frozen for longer than the keeper's heartbeats may be missing, too. */
const LONGEST_OF_TEMPORAL_MS = 14_000;
/** Share of the frozen workers that thaw only when their work was done by others: it takes half a minute. */
const FROZEN_TO_THE_END = 0.25;

const say = (line: string) => console.error(`[chaos] ${line}`);

/** Each kind of fault once, in random order, before any comes again. */
function* draws(random: () => number): Generator<Drawn & { at: number }, never> {
  let deck: (typeof FAULTS)[number][] = [];
  for (;;) {
    if (deck.length === 0) deck = [...FAULTS];
    const [fault] = deck.splice(Math.floor(random() * deck.length), 1) as [(typeof FAULTS)[number]];
    const longestMs = fault === 'Temporal frozen' ? LONGEST_OF_TEMPORAL_MS : LONGEST_MS;
    yield {
      fault,
      worker: random() < 0.5 ? 0 : 1,
      at: random(),
      forMs: Math.round(500 + random() * (longestMs - 500)),
      untilTheEnd: random() < FROZEN_TO_THE_END,
    };
  }
}

async function chaos(stack: ChaosStack, options: { runs: number; seed: number; sites: number }): Promise<number> {
  const { runs: wanted, sites } = options;
  // Never closed: a call that is being tried again would end the process, and hide why the run ended.
  const connection = await Connection.connect({ address: stack.env.TEMPORAL_ADDRESS });
  const runs = new Runs(stack, new Client({ connection, namespace: stack.env.TEMPORAL_NAMESPACE }));
  const undisturbed = await prepare(stack, runs, sites);
  let { after: live } = undisturbed.rollback;
  const draw = draws(randomOf(options.seed));
  let isNew = false;
  let held = 0;
  for (let number = 1; number <= wanted; number++) {
    const action: Action = isNew ? 'rollback' : 'release';
    const drawn = draw.next().value;
    const expected = undisturbed[action];
    const afterMs = Math.round(drawn.at * expected.ms);
    const outcome = await runs.run(action, live, expected, { ...drawn, afterMs });
    let { after } = outcome;
    const swapped = after.releaseId !== live.releaseId;
    if (!swapped) {
      // The next start puts right whatever is left, by itself.
      const again = await runs.run(action, live, expected);
      after = again.after;
      if (again.ended !== 'done') outcome.broken.push(`the next start ${again.ended}`);
      outcome.broken.push(...again.broken.map((what) => `after the next start: ${what}`));
    }
    isNew = after.releaseId !== live.releaseId ? !isNew : isNew;
    live = after;
    const holds = outcome.broken.length === 0;
    if (holds) held += 1;
    const length = drawn.fault === 'worker frozen' && drawn.untilTheEnd ? 'to the end' : `${drawn.forMs} ms`;
    const lasts = ['worker frozen', 'Temporal frozen', 'portal gone'].includes(drawn.fault) ? ` (${length})` : '';
    console.log(
      `${String(number).padStart(3)} ${action.padEnd(8)} ${`${drawn.fault}${lasts}`.padEnd(28)} at ${String(afterMs).padStart(5)} ms, ${outcome.during}: ` +
        `${outcome.ended}, ${swapped ? 'new' : 'old'} data, ${outcome.seconds.toFixed(1)} s: ${holds ? 'holds' : `BROKEN: ${outcome.broken.join('; ')}`}`,
    );
  }
  console.log(`${held} of ${wanted} hold`);
  return held === wanted ? 0 : 1;
}

/** Two months of the portal, the second released and rolled back without a fault: what all runs are held against. */
async function prepare(stack: ChaosStack, runs: Runs, sites: number): Promise<Record<Action, Undisturbed>> {
  const undisturbed = async (action: Action): Promise<Undisturbed> => {
    const { ended, after, actionMs, broken } = await runs.run(action, undefined);
    if (ended !== 'done' || broken.length > 0)
      throw new Error(`an undisturbed ${action} ${ended}: ${broken.join('; ')}`);
    return { after, ms: actionMs };
  };
  say(`filling the portal with ${sites} sites and releasing it, undisturbed`);
  await seed({ url: stack.env.PP_PORTAL_DATABASE_URL, sites, month: 0 });
  await undisturbed('release');
  await seed({ url: stack.env.PP_PORTAL_DATABASE_URL, sites, month: 1 });
  await addBiopamaCountries(stack);
  const release = await undisturbed('release');
  const rollback = await undisturbed('rollback');
  return { release, rollback };
}

/** The second month changes countries in place, too, and a rollback puts them back. */
async function addBiopamaCountries({ env }: ChaosStack): Promise<void> {
  await appendFile(
    join(env.PP_CSV_DIR, 'biopama_countries_iso_codes.csv'),
    ['FRA', 'DEU', 'BRA'].join('\n').concat('\n'),
  );
}

async function commands(
  stack: ChaosStack,
  options: { commands: number; seed: number; sites: number },
): Promise<number> {
  const { seed: drawn, commands: count, sites } = options;
  say(`filling the portal with ${sites} sites; seed ${drawn}`);
  const month = (number: number) => seed({ url: stack.env.PP_PORTAL_DATABASE_URL, sites, month: number });
  await month(0);
  const world: World = {
    pp: (args) => runPp(stack, args),
    live: (sql, values) =>
      withClient(stack.env.PP_DATABASE_URL, async (client) => (await client.query(sql, values)).rows),
    seed: async (number) => void (await month(number)),
  };
  let held = 0;
  for await (const { number, commands: typed, codes, messages, seconds, broken } of typeCommands(world, {
    count,
    seed: drawn,
  })) {
    if (broken.length === 0) held += 1;
    const outcome = broken.length === 0 ? 'holds' : `BROKEN: ${broken.join('; ')}`;
    const said = messages.filter(Boolean).map((line) => `\n      ${line.slice(0, 150)}`);
    const what = typed.join('  &  ');
    console.log(`${number} ${what}: exit ${codes.join(', ')}, ${seconds.toFixed(1)} s: ${outcome}${said.join('')}`);
  }
  console.log(`${held} of ${count} hold, seed ${drawn}`);
  return held === count ? 0 : 1;
}

async function runPp({ env }: ChaosStack, args: string[]): ReturnType<World['pp']> {
  const child = spawn(process.execPath, ['client/bin.mjs', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...cleanEnvironment(), ...env, PP_RELEASE_ON_FAILURE: 'fail' },
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

try {
  const { numbers } = readFlags(process.argv.slice(2), USAGE, {
    numbers: ['runs', 'seed', 'sites', 'commands'],
    switches: [],
  });
  const options = { runs: 60, seed: 1, sites: numbers.commands ? 60 : 2000, commands: 0, ...numbers };
  process.exitCode = await withChaosStack(say, (stack) =>
    options.commands > 0 ? commands(stack, options) : chaos(stack, options),
  );
} catch (error) {
  if (error instanceof BenchUsage) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else {
    reportError(error);
    process.exitCode = 1;
  }
}
// Its connection is still open.
process.exit();
