import { createHash } from 'node:crypto';
import pg from 'pg';

/** PostgreSQL cuts longer names silently (NAMEDATALEN 64). */
export const MAX_NAME_BYTES = 63;

/** The one helper that quotes identifiers. */
export function ident(name: string): string {
  return pg.escapeIdentifier(name);
}

export function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/**
 * A name with a prefix that still fits into 63 bytes: a longer one loses its tail and gets eight hex digits of the
 * whole name instead, so that two names never collide by truncation.
 */
export function prefixed(prefix: string, name: string): string {
  const whole = prefix + name;
  if (Buffer.byteLength(whole) <= MAX_NAME_BYTES) return whole;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  let head = whole;
  while (Buffer.byteLength(head) > MAX_NAME_BYTES - 9) head = [...head].slice(0, -1).join('');
  return `${head}_${digest}`;
}

export const STAGING_PREFIX = 'staging_';

export function stagingName(name: string): string {
  return prefixed(STAGING_PREFIX, name);
}

export function backupName(stamp: string, name: string): string {
  return prefixed(`bk${stamp}_`, name);
}
