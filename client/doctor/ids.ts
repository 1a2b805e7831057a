import type { Read } from '../kinds.ts';
import { type CheckId, IDS, isCheckId } from './checks/index.ts';

const NEAR = 3;

/** Ids of checks with commas between; an unknown one is told with those that are near it. */
export function readIds(text: string): Read<CheckId[]> {
  const names = text.split(',').map((name) => name.trim());
  const faults = names
    .filter((name) => !isCheckId(name))
    .map((name) => `${JSON.stringify(name)} is no check; near it are ${near(name).join(', ')}`);
  if (faults.length > 0) return { fault: `${faults.join('; ')}; pp-release doctor --list has all` };
  return { value: names.filter(isCheckId) };
}

function near(name: string): CheckId[] {
  return [...IDS].sort((a, b) => distance(name, a) - distance(name, b)).slice(0, NEAR);
}

/** Pairs of letters that only one of the two has: near for a typing error, and for a part of the name. */
function distance(a: string, b: string): number {
  const [ours, theirs] = [pairs(a), pairs(b)];
  const shared = [...ours].filter((pair) => theirs.has(pair)).length;
  return ours.size + theirs.size - 2 * shared;
}

const pairs = (text: string) => new Set([...text].slice(1).map((letter, at) => `${[...text][at]}${letter}`));
