import { expect, it } from 'vitest';
import { importers } from '../../catalog/index.ts';
import { Drawing, type Terminal } from '../../client/draw.ts';
import { columnsOf, inEightLines } from '../../client/text.ts';
import { PHASES, type ReleaseStatus, type StepStatus, type WaitingFor } from '../../contracts/index.ts';

/** As much of a terminal as the drawing needs: lines that are too long wrap, and what does not fit scrolls away for ever. */
class FakeTerminal implements Terminal {
  rows: number;
  columns: number;
  screen: string[] = [''];
  scrolled: string[] = [];
  #row = 0;
  #resized: (() => void)[] = [];

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  on(_: 'resize', listener: () => void) {
    this.#resized.push(listener);
  }

  off(_: 'resize', listener: () => void) {
    this.#resized = this.#resized.filter((one) => one !== listener);
  }

  resize(columns: number, rows: number) {
    Object.assign(this, { columns, rows, screen: this.screen.slice(0, rows) });
    this.#row = Math.min(this.#row, rows - 1);
    for (const listener of this.#resized) listener();
  }

  write(text: string) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal is told with
    for (const [part] of text.matchAll(/\u001b\[[0-9]*[A-Z]|\n|[^\n\u001b]+/g)) this.#take(part);
  }

  #take(part: string) {
    if (part === '\n') this.#down();
    else if (part === '\u001b[H') this.#row = 0;
    else if (part === '\u001b[2J') this.screen = Array(this.rows).fill('');
    else if (part === '\u001b[J') this.screen.length = this.#row + 1;
    else if (part === '\u001b[2K') this.screen[this.#row] = '';
    else if (part.endsWith('A')) this.#row = Math.max(0, this.#row - Number(part.slice(2, -1)));
    else {
      for (let rest = part; ; rest = rest.slice(this.columns)) {
        this.screen[this.#row] = rest.slice(0, this.columns);
        if (columnsOf(rest) <= this.columns) return;
        this.#down();
      }
    }
    this.screen[this.#row] ??= '';
  }

  #down() {
    this.#row += 1;
    if (this.#row < this.rows) return;
    this.scrolled.push(this.screen.shift() ?? '');
    this.#row -= 1;
  }
}

const NOW = PHASES.indexOf('import_related');
const phases: StepStatus[] = PHASES.map((name, at) => {
  const progress = at < NOW ? 'done' : at === NOW ? 'running' : 'pending';
  const steps: StepStatus[] = importers
    .filter(({ phase }) => phase === name)
    .map((importer) => ({
      name: importer.name,
      progress: name === 'import_core' ? 'done' : importer.name === 'pame' ? 'running' : progress,
      seconds: 12.3,
      result: { rows: 123_456 },
    }));
  return {
    name,
    progress,
    ...(at <= NOW ? { seconds: 1234.5, result: { rows: 1_234_567, digest: 'd'.repeat(64) } } : {}),
    ...(steps.length > 0 ? { steps } : {}),
  };
});
const waitingFor: WaitingFor = {
  kind: 'retry',
  phase: 'import_related',
  text: `import_related failed with ImportFailed: ${'a long reason, with 漢字 and\na line feed; '.repeat(30)}`,
  since: '2026-11-24T22:04:35.123Z',
  until: '2026-11-25T22:04:35.123Z',
  onTimeLimit: 'fails',
  answers: [
    { command: 'pp-release retry Sep2028', message: '', effect: 'runs the phase again, once its cause is mended' },
    {
      command: 'pp-release park Sep2028',
      message: '',
      effect: 'gives the lock back and keeps staging, for a later start',
    },
    { command: 'pp-release abort', message: '', effect: 'drops staging and gives the lock back' },
  ],
};
const status = (more: Partial<ReleaseStatus> = {}): ReleaseStatus => ({
  label: 'Sep2028',
  mode: 'direct',
  dryRun: false,
  state: 'importing',
  phases,
  ...more,
});
const pending = [
  {
    ...{ activity: 'runImporter', attempt: 1, since: undefined, lastFailure: undefined },
    ...{ step: 'importer pame', detail: `evaluations ${'x'.repeat(200)}`, amount: undefined },
  },
];

it.each([
  [80, 24],
  [80, 10],
  [40, 24],
  [28, 15],
  [200, 60],
])('a drawing fits a terminal of %d x %d: nothing scrolls away, whatever is drawn how often', (columns, rows) => {
  const terminal = new FakeTerminal(columns, rows);
  const drawing = new Drawing(terminal);
  for (let times = 0; times < 3; times++) {
    drawing.show(status(), pending);
    expect(terminal.screen.join('\n')).toMatch(/^> import_related|^> import_rel/m);
    expect(terminal.screen.join('\n')).toMatch(/^> {3}pame/m);
    // The time is there whole, in every line that has one.
    for (const line of terminal.screen.filter((text) => /^[>✓] \S/.test(text))) expect(line).toMatch(/ 1234\.5 s/);
    drawing.show(status({ waitingFor }), pending);
    const waiting = terminal.screen.slice(terminal.screen.findIndex((line) => line.startsWith('it waits')));
    const said = waiting.map((line) => line.trim()).join(' ');
    expect(said).toContain(
      'it waits for retry since 2026-11-24T22:04:35.123Z until 2026-11-25T22:04:35.123Z (then it fails)',
    );
    for (const { command } of waitingFor.answers) expect(said).toContain(command);
    if (rows >= 15) expect(terminal.screen.join('\n')).toMatch(/^> import_rel/m);
  }
  expect(terminal.scrolled).toEqual([]);
  expect(terminal.screen.length).toBeLessThanOrEqual(rows);
});

it('where there is room all lines are there; where there is none, how many are left out is said', () => {
  const terminal = new FakeTerminal(120, 60);
  const drawing = new Drawing(terminal);
  drawing.show(status({ waitingFor }), pending);
  for (const name of [...PHASES, ...importers.map((importer) => importer.name)]) {
    expect(terminal.screen.join('\n')).toContain(` ${name} `.trimEnd());
  }
  const lines = phases.flatMap(({ steps = [] }) => ['', ...steps]).length;
  terminal.resize(80, 12);
  drawing.show(status(), pending);
  expect(terminal.screen[0]).toBe(`  … ${lines - 10} lines more: pp-release status`);
  expect(terminal.scrolled).toEqual([]);
});

it('after a resize the drawing is made anew at once, and fits; after its end it is left alone', () => {
  const terminal = new FakeTerminal(100, 40);
  const drawing = new Drawing(terminal);
  drawing.show(status({ waitingFor }), pending);
  terminal.resize(60, 16);
  expect(terminal.screen.length).toBeLessThanOrEqual(16);
  expect(terminal.screen.join('\n')).toMatch(/^> import_related {2,}/m);
  expect(terminal.screen.join('\n')).toContain('pp-release retry Sep2028');
  expect(terminal.scrolled).toEqual([]);
  const before = [...terminal.screen];
  drawing.end();
  terminal.resize(60, 16);
  expect(terminal.screen).toEqual(before);
});

it('a message is at most eight lines of a terminal, and says how to see the rest', () => {
  expect(inEightLines('short', 'more')).toBe('short');
  for (const long of ['word '.repeat(500), 'line\n'.repeat(30), 'x'.repeat(5_000)]) {
    const cut = inEightLines(long, 'add --json');
    expect(cut.length).toBeLessThanOrEqual(8 * 120);
    expect(cut.split('\n').length).toBeLessThanOrEqual(8);
    expect(cut).toMatch(/… \(add --json\)$/);
  }
});
