import { importers as known, tables as knownTables } from '../../catalog/index.ts';

/** The catalog of a later version: an importer and a table more. */
export * from '../../catalog/index.ts';
export const tables = [...knownTables, { name: 'islands', group: 'independent' }];
export const importers = [{ name: 'islands', phase: 'import_core', fills: ['islands'], reads: [] }, ...known];
