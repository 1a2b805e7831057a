/** What a command prints: text for people, or one JSON document with --json. */
export interface Output {
  json: boolean;
  /** Text for people; silent with --json. */
  say(line: string): void;
  /** The result: JSON with --json, else `text`. */
  result(value: unknown, text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    say: (line) => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    result: (value, text) => {
      process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
    },
  };
}
