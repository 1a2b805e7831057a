import { importers, tables } from '../../catalog/index.ts';
import { LEDGER } from './names.ts';

/** Live tables that a release reads or writes, besides those of schema pp_release. */
export const TABLES_READ: readonly string[] = [
  LEDGER,
  'release_events',
  ...tables.map(({ name }) => name),
  ...new Set(importers.flatMap(({ changes }) => changes ?? [])),
];
