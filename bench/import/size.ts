import type pg from 'pg';
import { seed } from '../../local/portal/seed.ts';
import { type CpuUse, measureCpu } from '../support/cpu.ts';
import { memoryMb, peakMemoryMb } from '../support/memory.ts';
import { withSession } from '../support/session.ts';
import { type BenchStack, withBenchStack } from '../support/stack.ts';
import { type OurTimes, runOurs, wakeWorker } from './ours.ts';
import { type RowByRow, rowByRow } from './row_by_row.ts';
import { runScript } from './script.ts';
import { createSecondDatabase } from './second_database.ts';
import type { Times } from './times.ts';

export interface Measured {
  sites: number;
  script: Times;
  ours: OurTimes;
  /** What either cost, and how busy the machine was with other things meanwhile. */
  cpu: { script: CpuUse | undefined; ours: CpuUse | undefined };
  /** Of the worker, MB: before the release, and the most it ever had. */
  memory: { before: number | undefined; peak: number | undefined };
  /** Tables and views whose row counts differ. */
  differences: string[];
  /** Relations that were compared, and the rows in them. */
  compared: { relations: number; rows: number };
  oldWay: RowByRow;
}

type Counts = Record<string, number>;

/** One size on a stack of its own: a database that has seen no other size, and a worker that has neither. */
export async function measureSize(sites: number, rows: number, say: (line: string) => void): Promise<Measured> {
  return withBenchStack(say, async (stack) => {
    say(`filling the portal: ${sites} sites`);
    const { seconds } = await seed({ url: stack.env.PP_PORTAL_DATABASE_URL, sites });
    say(`that took ${seconds} s`);
    const second = await createSecondDatabase(stack);
    await warmUp(stack);
    await wakeWorker(stack);
    await second.settle();

    say('the hand-written script');
    const measure = <T>(work: () => Promise<T>) => measureCpu(() => stack.pids(), work);
    const [script, scriptCpu, expected] = await withSession(second.url, async (session) => [
      ...(await measure(() => runScript(session))),
      await countAll(session, 'next', ''),
    ]);
    say(`that took ${script.all.toFixed(1)} s`);
    await second.settle();

    say('the release, as a dry run');
    const before = memoryMb(stack.workerPid());
    const [ours, oursCpu, found] = await withSession(stack.env.PP_DATABASE_URL, async (session) => [
      ...(await measure(() => runOurs(stack, session))),
      await countAll(session, 'public', 'staging_'),
    ]);
    const memory = { before, peak: peakMemoryMb(stack.workerPid()) };
    say(`that took ${ours.all.toFixed(1)} s`);

    say('a sample row by row, as the old system did it');
    const oldWay = await withSession(second.url, (session) => rowByRow(session, rows));
    const differences = compare(expected, found);
    const compared = { relations: Object.keys(expected).length, rows: sum(Object.values(expected)) };
    const cpu = { script: scriptCpu, ours: oursCpu };
    return { sites, script, ours, cpu, memory, differences, compared, oldWay };
  });
}

/** Whoever comes first should not have to fetch the portal's pages from disk for the other. */
async function warmUp({ env }: BenchStack): Promise<void> {
  await withSession(env.PP_PORTAL_DATABASE_URL, (session) =>
    session.query('select sum(length(st_asbinary(geom))) from wdpa.spatial_data; select count(*) from wdpa.wdpas'),
  );
}

/** Rows of the tables in a schema, and of the staging views. */
async function countAll(session: pg.ClientBase, schema: string, prefix: string): Promise<Counts> {
  const { rows } = await session.query<{ name: string; relation: string }>(
    `select substr(relname, length($2) + 1) as name, oid::regclass::text as relation from pg_class
     where relnamespace = $1::regnamespace and relkind = 'r' and starts_with(relname, $2)
     union all
     select relname, oid::regclass::text from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'm' and starts_with(relname, 'staging_')`,
    [schema, prefix],
  );
  const counts: Counts = {};
  for (const { name, relation } of rows) {
    const counted = await session.query<{ n: number }>(`select count(*)::int as n from ${relation}`);
    counts[name] = counted.rows[0]?.n ?? 0;
  }
  return counts;
}

/** Every table and view of the script; what the release has besides must be empty, for then neither side did work there. */
function compare(expected: Counts, found: Counts): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return names
    .filter((name) => (expected[name] ?? 0) !== (found[name] ?? 0))
    .map((name) => `${name}: ${expected[name] ?? 'none'} by the script, ${found[name] ?? 'none'} by the release`);
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
