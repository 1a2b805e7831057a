const LINES = 8;
/** A line of a terminal that is not told. */
const COLUMNS = 120;

/** A message is at most eight lines of a wide terminal; where there is more, the end says how to see it. */
export function inEightLines(text: string, rest: string): string {
  const lines = wrap(text, COLUMNS);
  if (lines.length <= LINES) return text;
  const kept = text.split('\n').slice(0, LINES).join('\n');
  const end = ` … (${rest})`;
  return `${kept.slice(0, LINES * COLUMNS - end.length)}${end}`;
}

/** Characters that take two columns of a terminal: East Asian scripts and pictures. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
/** Characters that take none. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;

function widthOf(character: string): number {
  if (NARROW.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** How many columns a text takes in a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The beginning of a line that fits, with … at its end where something was cut. Control characters become blanks. */
export function cut(line: string, columns: number): string {
  const plain = line.replace(/\p{Cc}/gu, ' ');
  if (columnsOf(plain) <= columns) return plain;
  let kept = '';
  let used = 1;
  for (const character of plain) {
    used += widthOf(character);
    if (used > columns) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** A text in lines of at most so many columns, broken between words where that can be; those after the first are indented. */
export function wrap(text: string, columns: number, indent = ''): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line.replace(/\p{Cc}/gu, ' '), columns, indent));
}

function wrapLine(line: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<= )(?=[^ ])/)) {
    let rest = word;
    if (current !== '' && columnsOf(current + rest.trimEnd()) > columns) {
      lines.push(current.trimEnd());
      current = indent;
    }
    // A word that is longer than a line is broken where the line ends.
    while (columnsOf(current + rest.trimEnd()) > columns) {
      const room = Math.max(1, columns - columnsOf(current));
      const part = beginning(rest, room);
      lines.push(current + part);
      rest = rest.slice(part.length);
      current = columnsOf(indent) < columns - 1 ? indent : '';
    }
    current += rest;
  }
  lines.push(current.trimEnd());
  return lines;
}

function beginning(text: string, columns: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += widthOf(character);
    if (used > columns && kept !== '') break;
    kept += character;
  }
  return kept;
}
