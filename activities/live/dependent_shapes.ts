import { downloadsView } from '../../catalog/index.ts';
import type { Session } from '../postgres/database.ts';
import { describeQuery, type TypedColumn } from '../postgres/describe.ts';
import { SQLSTATE, sqlstateOf } from '../postgres/errors.ts';
import { retarget } from '../postgres/retarget.ts';
import type { SwapSnapshot } from './model.ts';

/**
 * Plain views that cannot be pointed at relations of another shape: CREATE OR REPLACE VIEW keeps names and types of columns, and
 * a column that is gone cannot be read.
 *
 * @returns a sentence for each
 */
export async function readersOfOtherShape(session: Session, snapshot: SwapSnapshot): Promise<string[]> {
  const names = new Map(snapshot.incoming.map(({ relation, name }) => [relation, name]));
  const found: string[] = [];
  for (const { kind, name, after } of snapshot.dependents) {
    if (kind !== 'view' || name === `public.${downloadsView}`) continue;
    const definition = after[0]?.replace(/^create or replace view .*? as /s, '');
    if (definition === undefined) continue;
    const live = await describeQuery(session, definition);
    const fault = await differs(session, retarget(definition, names), live);
    if (fault)
      found.push(`view ${name} reads columns that change with this release: ${fault}; drop it, or change it first`);
  }
  return found;
}

async function differs(
  session: Session,
  definition: string,
  live: readonly TypedColumn[],
): Promise<string | undefined> {
  try {
    const incoming = await describeQuery(session, definition);
    const changed = live.find(({ type }, at) => incoming[at]?.type !== type);
    return changed && `its column ${changed.name} would be no ${changed.type} any more`;
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.undefinedColumn) throw error;
    return (error as Error).message;
  }
}
