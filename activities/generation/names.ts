import { backupName, stagingName } from '../postgres/identifiers.ts';

/** A set of relations that belong together: what is read, what is being built, what was live until a stamp. */
export type Generation =
  | { kind: 'live' }
  | { kind: 'staging' }
  | { kind: 'backup'; stamp: string }
  | { kind: 'next' }
  | { kind: 'previous' };

export const LIVE: Generation = { kind: 'live' };
export const STAGING: Generation = { kind: 'staging' };
export const backupOf = (stamp: string): Generation => ({ kind: 'backup', stamp });

/**
 * The table that says which release is current. Its rows change with the swap, but a reader in REPEATABLE READ who has
 * taken his snapshot while he waited for the lock would see the new tables beside its old rows. So it is replaced too, by
 * a twin whose rows were committed before.
 */
export const LEDGER = 'releases';
const NEXT: Generation = { kind: 'next' };
const PREVIOUS: Generation = { kind: 'previous' };

/** The generation that a relation comes from or goes to: the ledger has its own, since no backup holds it. */
export function incomingOf(relation: string, incoming: Generation): Generation {
  return relation === LEDGER ? NEXT : incoming;
}
export function outgoingOf(relation: string, outgoing: Generation): Generation {
  return relation === LEDGER ? PREVIOUS : outgoing;
}

export function nameIn(generation: Generation, liveName: string): string {
  if (generation.kind === 'staging') return stagingName(liveName);
  if (generation.kind === 'next' || generation.kind === 'previous')
    return stagingName(`${generation.kind}_${liveName}`);
  return generation.kind === 'backup' ? backupName(generation.stamp, liveName) : liveName;
}

export function describeGeneration(generation: Generation): string {
  return generation.kind === 'backup' ? `backup ${generation.stamp}` : generation.kind;
}

/** The generation as pp_release.made has it: `staging`, a backup's stamp, `next` or `previous`. */
export function keyOf(generation: Generation): string {
  return generation.kind === 'backup' ? generation.stamp : generation.kind;
}
