import { tables, views } from '../../catalog/index.ts';
import { describeGeneration, type Generation, nameIn } from '../generation/names.ts';
import { retarget } from '../postgres/retarget.ts';
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
 *
 * @param accepted such columns are a change that was asked for, and are listed with what readers will feel
 */
export function shapeChanges(snapshot: SwapSnapshot, incoming: Generation, accepted = false): ShapeReport {
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
  for (const model of snapshot.incoming) compare(live.get(model.relation), model, report, accepted);
  report.changes.push(...otherDefinitions(snapshot));
  return report;
}

/** A database that others have made has views of its own wording; readers see rows and columns, a DBA's dump sees this. */
function otherDefinitions({ live, incoming }: SwapSnapshot): string[] {
  const inLiveNames = (models: readonly RelationModel[]) => {
    const names = new Map(models.map(({ name, relation }) => [name, relation]));
    return new Map(models.map(({ relation, definition }) => [relation, definition && retarget(definition, names)]));
  };
  const before = inLiveNames(live);
  return [...inLiveNames(incoming)].flatMap(([relation, definition]) => {
    const was = before.get(relation);
    if (!was || was === definition) return [];
    return [`${relation}: its SELECT is another one than before`];
  });
}

interface Difference {
  what: string;
  /** What a reader of live feels once it is gone. */
  felt: string;
}

function compare(
  live: RelationModel | undefined,
  incoming: RelationModel,
  report: ShapeReport,
  accepted: boolean,
): void {
  if (!live) return;
  const others = new Map(incoming.columns.map((column) => [column.name, column]));
  const breaking: Difference[] = [];
  for (const { name, type, notNull } of live.columns) {
    const other = others.get(name);
    if (!other) {
      breaking.push({ what: `column ${name} is missing`, felt: 'a query that names it fails' });
    } else if (other.type !== type) {
      const felt = 'a prepared statement that reads it fails until its session prepares it again';
      breaking.push({ what: `column ${name} is ${other.type}, in live it is ${type}`, felt });
    } else if (other.notNull !== notNull) {
      report.changes.push(
        `${live.relation}: column ${name} ${other.notNull ? 'becomes not null' : 'becomes nullable'}`,
      );
    }
  }
  breaking.push(...moved(live, incoming));
  if (accepted) {
    report.changes.push(...breaking.map(({ what, felt }) => `${live.relation}: ${what} from then on; ${felt}`));
  } else if (breaking.length > 0) {
    const advice = 'mend it, stage the release again, or accept the change with --accept-shape';
    report.refusals.push(...breaking.map(({ what }) => `${incoming.name}: ${what}; ${advice}`));
  }
  const surplus = incoming.columns.filter(({ name }) => !live.columns.some((column) => column.name === name));
  report.changes.push(...surplus.map(({ name, type }) => `${live.relation}: column ${name} ${type} is new`));
}

/** The order is one difference, however many columns it moves. A column that is new comes last. */
function moved(live: RelationModel, incoming: RelationModel): Difference[] {
  const shared = (these: readonly Column[], those: readonly Column[]) =>
    these.map(({ name }) => name).filter((name) => those.some((column) => column.name === name));
  const before = shared(live.columns, incoming.columns);
  const after = shared(incoming.columns, live.columns);
  const first = before.find((name, at) => after[at] !== name);
  const felt = 'select * gives the columns in another order';
  if (first !== undefined) return [{ what: `columns have another order, from ${first} on`, felt }];
  const between = incoming.columns.slice(0, before.length).find(({ name }) => !before.includes(name));
  return between ? [{ what: `column ${between.name}, which live lacks, does not come last`, felt }] : [];
}
