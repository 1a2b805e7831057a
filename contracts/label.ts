const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const LABEL = new RegExp(`^(?:${MONTHS.join('|')})[0-9]{4}$`);

/** True for `MMMYYYY` with a real English month: the only labels that may meet SQL, a path or a workflow id. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

export const LABEL_RULE =
  'a label is a month and a year such as Apr2026 (MMMYYYY: capital letter, two small letters, four digits)';

/** The label of the month that an instant falls in, in a time zone of the IANA database. */
export function labelOf(instant: Date, timeZone = 'UTC'): string {
  // Always the same answer for the same instant, so a workflow may ask it, unless a country has changed its past.
  const format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric' });
  const parts = format.formatToParts(instant.getTime());
  const number = (type: 'year' | 'month') => Number(parts.find((part) => part.type === type)?.value);
  return `${MONTHS[number('month') - 1]}${String(number('year')).padStart(4, '0')}`;
}

/** True for a name of the IANA database, such as UTC or Pacific/Auckland. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    // An offset such as +13:00 is one to Intl, but not to Temporal's schedules.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

export const TIME_ZONE_RULE = 'a time zone is a name such as UTC or Europe/London';

const STAMP = /^[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])[0-5][0-9]$/;

/** True for a backup stamp `YYMMDDHHMM`. */
export function isStamp(text: string): boolean {
  return STAMP.test(text);
}

export const STAMP_RULE = 'a stamp is YYMMDDHHMM such as 2604010600; pp-release backups lists them';
