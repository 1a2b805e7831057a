import { createInterface } from 'node:readline/promises';
import type { Output } from './output.ts';

/** True where there is a terminal to ask a person on. */
export const canAsk = ({ json }: Output): boolean => process.stdin.isTTY && process.stdout.isTTY && !json;

/** Asks on the terminal. @returns true for y and yes; anything else is a no */
export async function saysYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
