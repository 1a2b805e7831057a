/** The work in four parts, as both sides do it. */
export const PHASES = ['views', 'checks', 'import', 'indexes'] as const;
export type PhaseName = (typeof PHASES)[number];

export const TITLES: Record<PhaseName, string> = {
  views: 'the nine views',
  checks: 'checks, indexes of the views',
  import: 'tables and import',
  indexes: 'indexes, keys, analyze',
};

export interface Times {
  /** Seconds. */
  phases: Record<PhaseName, number>;
  /** From the first to the last moment: what lies between the phases and what the other side has not is in it. */
  all: number;
}
