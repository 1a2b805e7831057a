import { readFileSync } from 'node:fs';

/** The most memory (RSS) that a process ever had, MB. Undefined where the kernel does not tell (it is Linux only). */
export function peakMemoryMb(pid: number): number | undefined {
  return process.platform === 'linux' ? field(pid, 'VmHWM') : undefined;
}

/** What it has now, MB. */
export function memoryMb(pid: number): number | undefined {
  return process.platform === 'linux' ? field(pid, 'VmRSS') : undefined;
}

function field(pid: number, name: string): number | undefined {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1];
  return kb === undefined ? undefined : Number(kb) / 1024;
}
