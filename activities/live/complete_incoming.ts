import { describeGeneration, type Generation, incomingOf, LEDGER, nameIn } from '../generation/names.ts';
import { recording } from '../generation/record.ts';
import { ident } from '../postgres/identifiers.ts';
import { isReworded, loosen, retarget } from '../postgres/retarget.ts';
import type { Decoration, PlanRequest, PlanStatement, RelationModel, SwapSnapshot } from './model.ts';

/** What the incoming relations lack of live's properties, as statements; and the objects they will have afterwards. */
export function completeIncoming(snapshot: SwapSnapshot, request: PlanRequest) {
  const { incoming } = request;
  const names = toGeneration(snapshot, incoming);
  const byRelation = new Map(snapshot.incoming.map((model) => [model.relation, model]));
  const all: PlanStatement[] = [];
  const ledger: PlanStatement[] = [];
  const changes: string[] = [];
  const models: RelationModel[] = [];
  for (const live of snapshot.live) {
    const statements = live.relation === LEDGER ? ledger : all;
    const generation = incomingOf(live.relation, incoming);
    const model = byRelation.get(live.relation) ?? missingTwin(snapshot, live, request, statements, names);
    if (!model) continue;
    const objects = new Map(model.objects.map((object) => [`${object.kind} ${object.liveName}`, object]));
    const lacking = difference(live.decorations, model.decorations);
    for (const { kind, id, apply, was } of lacking.changed) {
      if (isReworded(apply))
        changes.push(`${live.relation}: PostgreSQL will write ${id} in other words than before; it means the same`);
      if (was?.remove)
        statements.push(
          statement(
            was.remove,
            names,
            `${describeGeneration(generation)} ${live.relation}: the old ${kind} makes room`,
          ),
        );
      statements.push(
        statement(apply, names, `${describeGeneration(generation)} ${live.relation} gets live's ${kind}`),
      );
    }
    for (const { kind, id, remove } of lacking.surplus) {
      if (remove && !KEPT.has(kind))
        statements.push(statement(remove, names, `live ${live.relation} has no such ${kind}`));
      else if (remove) changes.push(`${live.relation}: ${id} is new`);
    }
    changes.push(
      ...lacking.reworded.map(
        (id) => `${live.relation}: PostgreSQL writes ${id} in other words than before; it means the same`,
      ),
    );
    for (const object of live.objects) {
      const key = `${object.kind} ${object.liveName}`;
      if (!objects.has(key)) objects.set(key, { ...object, name: nameIn(generation, object.liveName) });
    }
    models.push({ ...model, objects: [...objects.values()] });
  }
  const known = new Set(models.map((model) => model.relation));
  return {
    statements: all,
    ledger,
    changes,
    incoming: [...models, ...snapshot.incoming.filter((model) => !known.has(model.relation))],
  };
}

/** An index that only the new release has is a change made on purpose; anything else that live lacks goes. */
const KEPT: ReadonlySet<string> = new Set(['index', 'check', 'foreign key', 'statistics']);

function missingTwin(
  snapshot: SwapSnapshot,
  live: RelationModel,
  request: PlanRequest,
  statements: PlanStatement[],
  names: ReadonlyMap<string, string>,
): RelationModel | undefined {
  const name = nameIn(incomingOf(live.relation, request.incoming), live.relation);
  if (live.relation === LEDGER) {
    statements.push(...request.ledger);
    return { ...live, name, objects: [], decorations: [] };
  }
  const definition = snapshot.dependentViews.find((view) => view.relation === live.relation)?.definition;
  if (definition === undefined) return undefined;
  statements.push({
    sql: `create materialized view public.${ident(name)} as ${retarget(definition, names)}`,
    reason: `materialized view ${live.relation} reads released relations: its twin is filled before the lock`,
  });
  statements.push({
    sql: recording(request.incoming, [live.relation]),
    reason: `the twin of ${live.relation} is known by name and OID`,
  });
  return { ...live, name, objects: [], decorations: [] };
}

interface Change extends Decoration {
  was?: Decoration | undefined;
}

function difference(wanted: readonly Decoration[], present: readonly Decoration[]) {
  const byId = new Map(present.map((decoration) => [decoration.id, decoration]));
  const changed: Change[] = [];
  const reworded: string[] = [];
  for (const decoration of wanted) {
    const was = byId.get(decoration.id);
    byId.delete(decoration.id);
    if (was?.apply === decoration.apply) continue;
    if (was && loosen(was.apply) === loosen(decoration.apply)) reworded.push(decoration.id);
    else changed.push({ ...decoration, was });
  }
  return { changed, reworded, surplus: [...byId.values()] };
}

function statement(sql: string, names: ReadonlyMap<string, string>, reason: string): PlanStatement {
  return { sql: retarget(sql, names), reason };
}

/** From live names to those of a generation: of objects it has, and of those it will be given. */
function toGeneration(snapshot: SwapSnapshot, generation: Generation): Map<string, string> {
  const names = new Map<string, string>();
  for (const model of snapshot.live) {
    const own = incomingOf(model.relation, generation);
    names.set(model.relation, nameIn(own, model.relation));
    for (const { liveName } of model.objects) names.set(liveName, nameIn(own, liveName));
  }
  for (const model of snapshot.incoming) {
    names.set(model.relation, model.name);
    for (const { liveName, name } of model.objects) names.set(liveName, name);
  }
  return names;
}
