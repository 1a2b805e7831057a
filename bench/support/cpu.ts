import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface CpuUse {
  /** Of all cores, per cent: everything that runs on the machine. */
  machine: number;
  /** Of that, what this benchmark and its stack used. The rest is other people's work, and disturbs the measurement. */
  own: number;
  /** The same in CPU seconds. */
  ownSeconds: number;
}

/** USER_HZ, which the kernel promises to user space on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;

interface Sample {
  total: number;
  idle: number;
  own: number;
}

/** Where the kernel tells nothing of CPU use (it is Linux only), the benchmark prints that it is not known. */
export async function measureCpu<T>(roots: () => number[], work: () => Promise<T>): Promise<[T, CpuUse | undefined]> {
  const before = sample(roots());
  const result = await work();
  const after = sample(roots());
  if (!before || !after) return [result, undefined];
  const total = after.total - before.total;
  const share = (ticks: number) => (total > 0 ? (100 * ticks) / total : 0);
  const own = after.own - before.own;
  return [
    result,
    { machine: share(total - (after.idle - before.idle)), own: share(own), ownSeconds: own / TICKS_A_SECOND },
  ];
}

function sample(roots: number[]): Sample | undefined {
  if (process.platform !== 'linux') return undefined;
  // user nice system idle iowait irq softirq steal; guest time is part of user already.
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).map(Number);
  const total = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { total, idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), own: ticksOfTrees(roots) };
}

/** CPU time of processes and all below them; of those that have ended it is in their parent's account. */
function ticksOfTrees(roots: number[]): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = readStat(name);
    if (!fields) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    // utime, stime, cutime, cstime
    ticks.set(
      Number(name),
      [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0),
    );
  }
  const seen = new Set<number>();
  const visit = (pid: number): number => {
    if (seen.has(pid)) return 0;
    seen.add(pid);
    return (children.get(pid) ?? []).reduce((sum, child) => sum + visit(child), ticks.get(pid) ?? 0);
  };
  return roots.reduce((sum, pid) => sum + visit(pid), 0);
}

/** Fields behind the name, which is in brackets and may hold blanks. */
function readStat(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    // It ended while we looked.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

export const cores = availableParallelism();
