import { readFileSync } from 'node:fs';
import { portal, unusableValues, VIEWS_DIR, views } from '../../catalog/index.ts';

let known: readonly string[] | undefined;

/** Foreign tables that the catalog's views read, from the views themselves: there is no second list that could be stale. */
export function foreignTablesRead(): readonly string[] {
  known ??= foreignTablesIn(
    [...views.map(({ name }) => name), unusableValues].map((name) => readFileSync(`${VIEWS_DIR}${name}.sql`, 'utf8')),
  );
  return known;
}

export function foreignTablesIn(selects: readonly string[]): string[] {
  const found = selects.flatMap((select) => [
    ...select.replace(/--.*$/gm, '').matchAll(new RegExp(`\\b${portal.localSchema}\\.(\\w+)`, 'g')),
  ]);
  return [...new Set(found.map(([, name = '']) => name))].sort();
}
