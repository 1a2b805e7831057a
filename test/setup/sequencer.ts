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
/** So many others between two of them. */
const OTHERS_BETWEEN = 5;

/** Puts one file that waits beside those that work: together they would leave the processors idle, at the end they would be alone. */
export class WaitingBetween extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      WAITING.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
    const sorted = await super.sort(files);
    const waiting = sorted.filter((file) => rank(file) >= 0).sort((a, b) => rank(a) - rank(b));
    const others = sorted.filter((file) => rank(file) < 0);
    const ordered: TestSpecification[] = [];
    for (let at = 0; waiting.length > 0 || at < others.length; at += OTHERS_BETWEEN) {
      ordered.push(...waiting.splice(0, 1), ...others.slice(at, at + OTHERS_BETWEEN));
    }
    return ordered;
  }
}
