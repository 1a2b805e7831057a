/**
 * A whole number as a person writes it, in digits. `Number` alone takes an empty text, blanks, `1e1` and `0x1`, too: none of
 * them is to become a count of backups.
 */
export function wholeNumber(text: string): number | undefined {
  const value = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The same with or without a decimal part. */
export function decimalNumber(text: string): number | undefined {
  const value = /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
