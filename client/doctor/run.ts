import { type Check, docsOf, type Finding, GROUPS, type GroupName, type Outcome, skipped } from './check.ts';
import { type CheckId, checkOf, groupOf, IDS, needsOf } from './checks/index.ts';
import { limitsOf, type Place, Surroundings, TIMEOUT_MS } from './surroundings.ts';

/** How long a connection may take to close, ms. */
const CLOSE_LIMIT_MS = 250;

/** What is looked at: some checks with what they need, or all; only what matters before the first migrate; what writes. */
export interface Selection {
  only?: readonly CheckId[] | undefined;
  pre?: boolean | undefined;
  probe?: boolean | undefined;
}

/** The checks of a selection, in the report's order, with all that they need. */
export function selected({ only, pre, probe }: Selection): CheckId[] {
  const wanted = new Set<CheckId>();
  const take = (id: CheckId) => {
    if (wanted.has(id)) return;
    wanted.add(id);
    for (const need of needsOf(id)) take(need);
  };
  for (const id of only ?? IDS.filter((one) => !pre || checkOf(one).pre)) {
    if (probe || !checkOf(id).probe) take(id);
  }
  return IDS.filter((id) => wanted.has(id));
}

/**
 * Looks at everything selected, the parts side by side. A part that does not answer is one finding, and what would have asked
 * it is skipped and names that. Never fails, and ends within its limit whatever hangs.
 *
 * @param timeoutMs how long servers may take to answer, all together
 */
export async function examine(
  place: Place,
  selection: Selection = {},
  timeoutMs: number = TIMEOUT_MS,
): Promise<Outcome[]> {
  const ids = selected(selection);
  const limits = limitsOf(timeoutMs);
  const started = Date.now();
  const known = new Map(ids.map((id) => [id, later<Outcome>()]));
  const outcomeOf = async (id: CheckId) => known.get(id)?.promise;
  const byGroup = new Map<GroupName, CheckId[]>();
  for (const id of ids) byGroup.set(groupOf(id), [...(byGroup.get(groupOf(id)) ?? []), id]);
  await Promise.all(
    [...byGroup].map(async ([name, members]) => {
      const at = new Surroundings(place, name, limits);
      const limitMs = name === 'probe' ? limits.probe : limits.part;
      let silent: CheckId | undefined;
      for (const id of members) {
        const needs = await Promise.all(needsOf(id).map(outcomeOf));
        const unmet = silent ?? needs.find((need) => need && need.status !== 'ok' && need.status !== 'warning')?.id;
        const finding = unmet === undefined ? await ask(checkOf(id), at, started + limitMs) : skipped(`see ${unmet}`);
        if (finding === SILENCE) silent = id;
        known.get(id)?.resolve(outcome(id, finding));
      }
      // All is answered by then: a server that does not take leave in time, or with an error, is no finding.
      await within(at.close(), Date.now() + CLOSE_LIMIT_MS).catch(() => undefined);
    }),
  );
  return Promise.all([...known.values()].map(({ promise }) => promise));
}

const SILENCE: Finding = {
  status: 'failed',
  seen: `no answer within the time limit: it hangs, or the way to it is very slow`,
  remedy: {
    commands: [],
    note: 'look at the process and its machine; what else this part would have been asked is not known',
  },
};

class SilenceError extends Error {}

async function ask(check: Check, at: Surroundings, deadline: number): Promise<Finding> {
  try {
    return await within(check.look(at), deadline);
  } catch (error) {
    if (error instanceof SilenceError) return SILENCE;
    const message = error instanceof Error ? error.message : String(error);
    return { status: 'failed', seen: `it could not be looked at: ${message}`, remedy: { commands: [] } };
  }
}

async function within<T>(work: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilenceError()), Math.max(0, deadline - Date.now()));
  });
  // An error that comes after the limit has no hearer, which would end the process.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function outcome(id: CheckId, finding: Finding): Outcome {
  const { title, expected, why } = checkOf(id);
  const { status, seen } = finding;
  const remedy = 'remedy' in finding ? finding.remedy : null;
  return { id, group: GROUPS[groupOf(id)], title, status, seen, expected, why, remedy, docs: docsOf(id) };
}

function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
