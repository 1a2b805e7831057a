const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const LABEL = new RegExp(`^(?:${MONTHS.join('|')})[0-9]{4}$`);

/** True for `MMMYYYY` with a real English month: the only labels that may meet SQL, a path or a workflow id. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

export const LABEL_RULE =
  'a label is a month and a year such as Apr2026 (MMMYYYY: capital letter, two small letters, four digits)';

/** The label of the month that an instant falls in, in UTC. */
export function labelOf(instant: Date): string {
  return `${MONTHS[instant.getUTCMonth()]}${String(instant.getUTCFullYear()).padStart(4, '0')}`;
}

const STAMP = /^[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]$/;

/** True for a backup stamp `YYMMDDHHMM`. */
export function isStamp(text: string): boolean {
  return STAMP.test(text);
}

export const STAMP_RULE = 'a stamp is YYMMDDHHMM such as 2604010600; pp-release backups lists them';
