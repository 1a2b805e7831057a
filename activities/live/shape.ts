import { tables, views } from '../../catalog/index.ts';
import { describeGeneration, type Generation, nameIn } from '../generation/names.ts';
import type { Column, RelationModel, SwapSnapshot } from './model.ts';

export interface ShapeReport {
  /** Differences that are allowed on purpose. */
  changes: string[];
  /** Differences that would break readers, and relations that are not there. */
  refusals: string[];
}

/**
 * Compares the columns of both generations. A column more at the end is a compatible change; a column that is gone, has
 * moved or has another type would break readers and their prepared statements.
 */
export function shapeChanges(snapshot: SwapSnapshot, incoming: Generation): ShapeReport {
  const live = new Map(snapshot.live.map((model) => [model.relation, model]));
  const present = new Set(snapshot.incoming.map((model) => model.relation));
  const report: ShapeReport = { changes: [], refusals: [] };
  for (const { name } of [...tables, ...views]) {
    if (!present.has(name))
      report.refusals.push(`${nameIn(incoming, name)} is missing in ${describeGeneration(incoming)}`);
  }
  for (const { name } of tables) if (!live.has(name)) report.refusals.push(`live table ${name} is missing`);
  for (const { name } of views)
    if (!live.has(name)) report.changes.push(`${name}: not live yet, appears with this change`);
  for (const model of snapshot.incoming) compare(live.get(model.relation), model, report);
  return report;
}

function compare(live: RelationModel | undefined, incoming: RelationModel, report: ShapeReport): void {
  if (!live) return;
  live.columns.forEach((column, at) => {
    const other = incoming.columns[at];
    if (!other || other.name !== column.name) {
      const elsewhere = incoming.columns.some(({ name }) => name === column.name);
      report.refusals.push(
        `${incoming.name}: column ${column.name} is ${elsewhere ? 'in another place' : 'missing'}; add it, or rebuild staging`,
      );
    } else if (other.type !== column.type) {
      report.refusals.push(`${incoming.name}: column ${column.name} is ${other.type}, in live it is ${column.type}`);
    } else if (other.notNull !== column.notNull) {
      report.changes.push(
        `${live.relation}: column ${column.name} ${other.notNull ? 'becomes not null' : 'becomes nullable'}`,
      );
    }
  });
  const surplus: Column[] = incoming.columns
    .slice(live.columns.length)
    .filter(({ name }) => !live.columns.some((column) => column.name === name));
  report.changes.push(...surplus.map(({ name, type }) => `${live.relation}: column ${name} ${type} is new`));
}
