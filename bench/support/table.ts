/** One line of what is printed; a target of correctness decides over the exit code, one of time does not. */
export interface Row {
  what: string;
  value: string;
  target?: string;
  met?: boolean;
  correctness?: boolean;
}

export interface Section {
  title: string;
  rows: Row[];
}

/** Longest text that is printed whole. */
const LONGEST = 420;

export function formatSections(sections: readonly Section[]): string {
  const rows = sections.flatMap((section) => section.rows);
  const width = (texts: string[]) => Math.max(0, ...texts.map((text) => text.length));
  const judged = rows.filter(({ target }) => target !== undefined);
  const widths = { what: width(rows.map(({ what }) => what)), value: width(judged.map(({ value }) => value)) };
  const line = ({ what, value, target, met }: Row) =>
    [
      `  ${what.padEnd(widths.what)}`,
      target === undefined ? shorten(value) : value.padEnd(widths.value),
      ...(target === undefined ? [] : [`target ${target}: ${met ? 'met' : 'MISSED'}`]),
    ].join('  ');
  return sections.map(({ title, rows: own }) => [title, ...own.map(line)].join('\n')).join('\n\n');
}

/** The whole text is in the result file. */
const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text);

/** False when a target of correctness is missed. */
export const isCorrect = (sections: readonly Section[]): boolean =>
  sections.every(({ rows }) => rows.every(({ correctness, met }) => !correctness || met));

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const seconds = (value: number): string => `${value.toFixed(1)} s`;
