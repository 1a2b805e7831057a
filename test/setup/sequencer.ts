import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that wait for time limits (heartbeats of dead and frozen workers) for most of their time, the longest first. */
const WAITING = [
  'release/frozen_import',
  'release/frozen_worker',
  'chaos/chaos',
  'release/killed_worker',
  'release/cut_off_at_commit',
  'stack/restart',
];
/** Files that work for minutes, the longest first: begun at the end, one of them would keep a single processor busy and the other idle. */
const LONG = [
  'release/review',
  'release/terminated',
  'release/retry',
  'release/validation',
  'release/csv',
  'release/notices',
  'release/abort_everywhere',
  'release/abort_quickly',
  'release/resume',
  'release/lock',
  'doctor/doctor',
  'swap/refused',
];
/** So many others between two of them. */
const OTHERS_BETWEEN = 3;

/** Puts one file that waits beside those that work: together they would leave the processors idle, at the end they would be alone. */
export class WaitingBetween extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const named = (names: readonly string[]) =>
      names.flatMap((name) => sorted.filter(({ moduleId }) => moduleId.endsWith(`/${name}.test.ts`)));
    const waiting = named(WAITING);
    const long = named(LONG);
    const others = [...long, ...sorted.filter((file) => !waiting.includes(file) && !long.includes(file))];
    const ordered: TestSpecification[] = [];
    for (let at = 0; waiting.length > 0 || at < others.length; at += OTHERS_BETWEEN) {
      ordered.push(...waiting.splice(0, 1), ...others.slice(at, at + OTHERS_BETWEEN));
    }
    return ordered;
  }
}
