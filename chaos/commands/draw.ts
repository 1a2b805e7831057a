import type { State } from './world.ts';

/** What was typed, and what it is: the checks differ. */
export interface Command {
  kind:
    | 'start'
    | 'dry run'
    | 'review'
    | 'import'
    | 'promote'
    | 'park'
    | 'abort'
    | 'rollback'
    | 'clean'
    | 'drop all'
    | 'look'
    | 'wrong';
  args: string[];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Wrong whatever the state: exit code 2, and nothing has happened. */
const WRONG: readonly (readonly string[])[] = [
  ['start'],
  ['start', 'apr2027', '--wait'],
  ['start', 'Apr2027', '--mode', ''],
  ['start', 'Apr2027', '--only-phases', ''],
  ['start', 'Apr2027', '--start-at', 'nowhere'],
  ['start', 'Apr2027', '--only', ''],
  ['start', 'Apr2027', '--skip', 'souces'],
  ['start', 'Apr2027', '--sample', 'many'],
  ['start', 'Apr2027', '--allow-empty', 'nosuchview'],
  ['start', 'Apr2027', '--nope'],
  ['backups', 'clean', '--keep', ''],
  ['backups', 'clean', '--keep', '-1'],
  ['backups', 'clean', '--keep', '1e1'],
  ['backups', 'clean', '--keep', '0x1'],
  ['backups', 'clean', '--keep', '0'],
  ['rollback'],
  ['rollback', ''],
  ['rollback', '26'],
  ['rollback', "2601010000'; drop table releases"],
  ['promote', '--digest', 'abc'],
  ['promote', '--digest', ''],
  ['schedule', 'create', '--cron', ''],
  ['rehearse', '--budget', ''],
  ['nope'],
];

/** Draws what a person at a terminal might type in this state: right, wrong, empty, too early, too late. */
export class Draws {
  readonly #random: () => number;
  #labels = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  one<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  #label(): string {
    const at = this.#labels++;
    return `${MONTHS[at % 12]}${2030 + Math.floor(at / 12)}`;
  }

  command(state: State): Command {
    const known = state.newest?.label ?? 'Jan2029';
    const stamp = state.complete.at(-1) ?? '2001010000';
    const any = this.chance(0.2) ? '2001010000' : this.one([...state.stamps, stamp]);
    const discard = this.chance(0.4) ? ['--discard-staging'] : [];
    const draws: [number, () => Command][] = [
      [4, () => ({ kind: 'start', args: ['start', this.#label(), '--wait'] })],
      [2, () => ({ kind: 'dry run', args: ['start', this.#label(), '--mode', 'dry-run', '--wait'] })],
      [3, () => ({ kind: 'review', args: ['start', this.#label(), '--mode', 'review'] })],
      [3, () => ({ kind: 'start', args: ['start', known, '--start-at', 'finalise_swap', '--wait'] })],
      [1, () => ({ kind: 'start', args: ['start', 'Dec1999', '--start-at', 'finalise_swap', '--wait'] })],
      [2, () => ({ kind: 'import', args: ['import', this.#label(), '--only', 'sources', '--wait'] })],
      [1, () => ({ kind: 'import', args: ['import', known, '--resume', '--wait'] })],
      [3, () => ({ kind: 'promote', args: ['promote', known, '--yes'] })],
      [1, () => ({ kind: 'promote', args: ['promote', '--digest', 'deadbeefdead'] })],
      [2, () => ({ kind: 'park', args: ['park', known] })],
      [2, () => ({ kind: 'abort', args: ['abort'] })],
      [1, () => ({ kind: 'look', args: ['retry', known] })],
      [4, () => ({ kind: 'rollback', args: ['rollback', stamp, ...discard, '--wait'] })],
      [3, () => ({ kind: 'rollback', args: ['rollback', any, ...discard, '--wait'] })],
      [3, () => ({ kind: 'clean', args: ['backups', 'clean', '--keep', this.one(['1', '2', '1', '9'])] })],
      [1, () => ({ kind: 'drop all', args: ['backups', 'clean', '--keep', '0', '--yes'] })],
      [1, () => ({ kind: 'look', args: ['backups', 'list'] })],
      [2, () => ({ kind: 'look', args: ['status'] })],
      [1, () => ({ kind: 'look', args: ['plan'] })],
      [1, () => ({ kind: 'look', args: ['plan', '--rollback', stamp] })],
      [1, () => ({ kind: 'look', args: ['rehearse'] })],
      [1, () => ({ kind: 'look', args: ['migrate'] })],
      [9, () => ({ kind: 'wrong', args: [...this.one(WRONG)] })],
    ];
    let left = this.#random() * draws.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of draws) {
      left -= weight;
      if (left < 0) return make();
    }
    return { kind: 'look', args: ['status'] };
  }
}
