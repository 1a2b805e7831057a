import type { ReleaseStatus, StepStatus, WaitingFor } from '../contracts/index.ts';
import { describeWaiting } from '../contracts/index.ts';
import { renderPhase, renderStep } from './render.ts';
import type { PendingStep } from './status.ts';
import { cut, wrap } from './text.ts';

/** What a drawing is made on: standard output, where it is a terminal. */
export interface Terminal {
  rows?: number | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Those of a terminal that does not say, or says 0. */
const ROWS = 24;
const COLUMNS = 80;

/**
 * Draws a release over itself. A drawing has fewer lines than the terminal, or each one would push the one before up and
 * leave it there.
 */
export class Drawing {
  readonly #terminal: Terminal;
  #drawn = 0;
  #last: [ReleaseStatus, PendingStep[]] | undefined;
  readonly #onResize = () => {
    // What terminals do with the lines that are there differs: they wrap anew, or are cut. So all is drawn anew.
    this.#terminal.write('\u001b[H\u001b[2J');
    this.#drawn = 0;
    if (this.#last) this.show(...this.#last);
  };

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.on('resize', this.#onResize);
  }

  show(status: ReleaseStatus, pending: PendingStep[]): void {
    this.#last = [status, pending];
    const rows = (this.#terminal.rows || ROWS) - 1;
    const columns = (this.#terminal.columns || COLUMNS) - 1;
    const lines = drawn(status, pending, { rows, columns });
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    this.#terminal.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
    this.#drawn = lines.length;
  }

  /** A line of another kind was written below: what is drawn next goes under it. */
  leave(): void {
    this.#drawn = 0;
  }

  end(): void {
    this.#terminal.off('resize', this.#onResize);
  }
}

interface Line {
  text: string;
  /** What goes first where there is no room for all: the highest. What runs, or has failed, is 0 and stays the longest. */
  rank: number;
}

/** At most so many lines, none of them longer: what the release waits for and how to answer, what runs, then the rest. */
export function drawn(
  { phases, waitingFor }: Pick<ReleaseStatus, 'phases' | 'waitingFor'>,
  pending: PendingStep[],
  { rows, columns }: { rows: number; columns: number },
): string[] {
  const lines = phases.flatMap((phase, at) => linesOf(phase, at, pending, columns));
  const important = lines.filter(({ rank }) => rank === 0).length;
  const waiting = waitingFor ? ['', ...waitingLines(waitingFor, columns, rows - 1 - Math.min(important + 1, 4))] : [];
  return [...fitted(lines, rows - waiting.length), ...waiting]
    .slice(-Math.max(1, rows))
    .map((line) => cut(line, columns));
}

function linesOf(phase: StepStatus, at: number, pending: PendingStep[], columns: number): Line[] {
  const isNow = phase.progress === 'running' || phase.progress === 'failed';
  const steps = (phase.steps ?? []).map((step) => ({
    text: renderStep(step, pending, columns),
    rank: rankOf(step, isNow ? 10 : 60, 0),
  }));
  return [{ text: renderPhase(phase, pending, columns), rank: rankOf(phase, 20, at) }, ...steps];
}

/** What is to come goes before what is done; of either, what is further away from now. */
function rankOf({ progress }: StepStatus, rank: number, at: number): number {
  if (progress === 'running' || progress === 'failed') return 0;
  return progress === 'pending' ? rank + 20 + at : rank + 15 - at;
}

/** Leaves out the lines of the highest ranks, and says so. */
function fitted(lines: readonly Line[], rows: number): string[] {
  if (lines.length <= rows) return lines.map(({ text }) => text);
  const byRank = lines.map((_, at) => at).sort((a, b) => (lines[a] as Line).rank - (lines[b] as Line).rank || a - b);
  const kept = new Set(byRank.slice(0, Math.max(0, rows - 1)));
  const left = lines.length - kept.size;
  return [
    `  … ${left} lines more: pp-release status`,
    ...lines.filter((_, at) => kept.has(at)).map(({ text }) => text),
  ].slice(0, Math.max(0, rows));
}

/** As long as any message; pp-release status has all of it. */
const SENTENCE_LINES = 8;

/** The sentence wrapped, then the commands; where there is little room, the sentence and what the commands do give way. */
function waitingLines(waitingFor: WaitingFor, columns: number, rows: number): string[] {
  const { answers } = waitingFor;
  const sentence = wrap(`it ${describeWaiting(waitingFor)}`.replace(/\s+/g, ' '), columns, '  ');
  const width = Math.max(0, ...answers.map(({ command }) => command.length));
  const whole = answers.flatMap(({ command, effect }) =>
    wrap(`  ${command.padEnd(width)}  ${effect}`, columns, '    '),
  );
  const isTight = sentence.length + whole.length > rows && whole.length > answers.length;
  const commands = isTight ? answers.map(({ command }) => `  ${command}`) : whole;
  // Since when and until when it waits stands at the beginning, and is never cut.
  const times = wrap(`it ${describeWaiting({ ...waitingFor, text: '' })}`, columns, '  ').length;
  const room = Math.max(times, Math.min(SENTENCE_LINES, rows - commands.length));
  if (sentence.length <= room) return [...sentence, ...commands];
  const last = sentence[room - 1] ?? '';
  return [...sentence.slice(0, room - 1), `${cut(last, columns - 2)} …`, ...commands];
}
