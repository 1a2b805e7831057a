import { fileURLToPath } from 'node:url';

export * from './importers.ts';
export * from './inputs.ts';
export * from './old_system.ts';
export * from './portal.ts';
export * from './tables.ts';
export * from './validations.ts';
export * from './views.ts';

export const CATALOG_MIGRATIONS_DIR = fileURLToPath(new URL('./migrations/', import.meta.url));
