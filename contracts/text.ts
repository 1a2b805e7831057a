/**
 * True for text that PostgreSQL can keep and a list can show in one line: no NUL, line feed or other control character, no
 * half of a surrogate pair.
 */
export function isPlainText(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text);
}

/** How long a name may be: it stands in events, messages and lists. */
export const LONGEST_NAME = 200;

/** What is wrong with a name of a person, as in `by is empty`; nothing where it will do. */
export function faultOfName(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'is no text';
  if (name.trim() === '') return 'is empty';
  if (name.length > LONGEST_NAME) return `has ${name.length} characters, more than ${LONGEST_NAME}`;
  if (!isPlainText(name)) return `has a control character: ${JSON.stringify(name)}`;
  return undefined;
}
