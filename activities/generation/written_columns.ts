import { readFileSync } from 'node:fs';
import { IMPORTERS_DIR, importers } from '../../catalog/index.ts';

/** Stands for every column of a table: an importer's INSERT names none. */
export const ALL_COLUMNS = '*';

let known: ReadonlyMap<string, ReadonlySet<string>> | undefined;

/**
 * Columns that the importers of the catalog write, by table. Any other column of live is not the release's: it was added by
 * others, or holds what they keep there, and goes on with the values of live.
 */
export function writtenColumns(): ReadonlyMap<string, ReadonlySet<string>> {
  known ??= columnsWrittenBy(importers.map(({ name }) => readFileSync(`${IMPORTERS_DIR}${name}.sql`, 'utf8')));
  return known;
}

/** Read from the statements themselves, so that there is no second list that could be stale. */
export function columnsWrittenBy(scripts: readonly string[]): Map<string, Set<string>> {
  const written = new Map<string, Set<string>>();
  const add = (table: string, columns: readonly string[]) => {
    const all = written.get(table) ?? new Set<string>();
    for (const column of columns) all.add(column);
    written.set(table, all);
  };
  for (const script of scripts) {
    const sql = script.replace(/--.*$/gm, '');
    for (const [, table = '', columns] of sql.matchAll(/\binsert\s+into\s+staging_(\w+)\s*(?:\(([^)]*)\))?/gi))
      add(table, columns === undefined ? [ALL_COLUMNS] : columns.split(',').map((column) => column.trim()));
    for (const [, table = '', assignments = ''] of sql.matchAll(
      /\bupdate\s+staging_(\w+)(?:\s+(?:as\s+)?(?!set\b)\w+)?\s+set\s+([^;]*)/gi,
    ))
      add(table, assigned(assignments));
  }
  return written;
}

/** Names before the first `=` of each assignment; commas within parentheses separate none. */
function assigned(assignments: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const character of assignments) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.flatMap((part) => /^\s*(\w+)\s*=/.exec(part)?.[1] ?? []);
}
