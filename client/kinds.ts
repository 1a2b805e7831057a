import { isLabel, isStamp, isTimeZone, LABEL_RULE, STAMP_RULE, TIME_ZONE_RULE } from '../contracts/label.ts';
import { MODES, ON_FAILURE } from '../contracts/modes.ts';
import { decimalNumber, wholeNumber } from '../contracts/numbers.ts';
import { isPhase, PHASES, type Phase } from '../contracts/phases.ts';
import { isPlainText } from '../contracts/text.ts';

/** What a text was read as, or what is wrong with it, to be put behind the name of the flag or variable. */
export type Read<T> = { value: T } | { fault: string };

/** How the text of a flag, an argument or an environment variable is read: empty and odd text is a fault of every kind. */
export type Kind<T = unknown> = (text: string) => Read<T> | Promise<Read<T>>;

const is = (text: string, not: string) => ({ fault: `is ${JSON.stringify(text)}, ${not}` });

export const text: Kind<string> = (given) => {
  if (given.trim() === '') return { fault: 'is empty: say something, or leave it out' };
  return isPlainText(given) ? { value: given } : is(given, 'which has a control character');
};

export const whole =
  (rule: string, least = 0, most = Number.MAX_SAFE_INTEGER): Kind<number> =>
  (given) => {
    const value = wholeNumber(given);
    return value !== undefined && value >= least && value <= most ? { value } : is(given, `not ${rule}`);
  };

export const sample = whole('a whole number above 0', 1);

export const percentage: Kind<number> = (given) => {
  const value = decimalNumber(given);
  return value !== undefined && value >= 0 && value <= 100 ? { value } : is(given, 'not a percentage from 0 to 100');
};

export const hours: Kind<number> = (given) => {
  const value = decimalNumber(given);
  return value !== undefined && value > 0 ? { value } : is(given, 'not a number of hours above 0');
};

/** A number of seconds, in ms. */
export const seconds: Kind<number> = (given) => {
  const value = decimalNumber(given);
  return value !== undefined && value > 0 && value <= 3600
    ? { value: value * 1000 }
    : is(given, 'not a number of seconds above 0, and at most 3600');
};

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };

/** `3d`, `12h`, `30m`, in ms. */
export const duration: Kind<number> = (given) => {
  const [, number, unit = ''] = given.match(/^([0-9]+)([mhd])$/) ?? [];
  const value = Number(number) * (UNITS[unit] ?? 0);
  return value > 0 && value <= 366 * DAY_MS
    ? { value }
    : is(given, 'not a time of at most a year such as 3d, 12h or 30m');
};

export const oneOf =
  <T extends string>(values: readonly T[]): Kind<T> =>
  (given) => {
    const value = values.find((known) => known === given);
    return value === undefined ? is(given, `not one of ${values.join(', ')}`) : { value };
  };

export const mode = oneOf(MODES);
export const onFailure = oneOf(ON_FAILURE);

/** The specification's switches: true or false, also as Rails people write them. */
export const onOrOff: Kind<boolean> = (given) => {
  if (/^(true|1|yes|on)$/i.test(given)) return { value: true };
  if (/^(false|0|no|off)$/i.test(given)) return { value: false };
  return is(given, 'not true or false');
};

export const label: Kind<string> = (given) =>
  isLabel(given) ? { value: given } : { fault: `${JSON.stringify(given)} is no label: ${LABEL_RULE}` };

export const stamp: Kind<string> = (given) =>
  isStamp(given) ? { value: given } : { fault: `${JSON.stringify(given)} is no backup stamp: ${STAMP_RULE}` };

export const timeZone: Kind<string> = (given) =>
  isTimeZone(given) ? { value: given } : { fault: `${JSON.stringify(given)} is not known: ${TIME_ZONE_RULE}` };

export const phase: Kind<Phase> = (given) =>
  isPhase(given)
    ? { value: given }
    : { fault: `${JSON.stringify(given)} is no phase; the phases are ${PHASES.join(', ')}` };

/** The id of a row of releases; null for none of them. */
export const releaseId: Kind<number | null> = (given) => {
  if (given === 'none') return { value: null };
  const value = wholeNumber(given);
  return value !== undefined && value > 0 ? { value } : is(given, 'not the id of a release, nor none');
};

/** Names with commas between. */
const list =
  (what: string, known: () => Promise<readonly string[]>): Kind<string[]> =>
  async (given) => {
    const names = given.split(',').map((name) => name.trim());
    if (names.includes('')) return is(given, `not names of ${what} with a comma between two of them`);
    const knownNames = await known();
    const unknown = names.filter((name) => !knownNames.includes(name));
    return unknown.length === 0
      ? { value: names }
      : { fault: `names unknown ${what}: ${unknown.join(', ')}; known are ${knownNames.join(', ')}` };
  };

export const phases = list('phases', async () => PHASES) as Kind<Phase[]>;
// The catalog is loaded only where a name is to be looked up: a command without one starts sooner.
export const importers = list('importers', async () =>
  (await import('../catalog/index.ts')).importers.map(({ name }) => name),
);
export const views = list('views', async () => (await import('../catalog/index.ts')).views.map(({ name }) => name));
