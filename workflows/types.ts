import type { Activities } from '../activities/index.ts';

export type { ReleasePlan } from '../activities/index.ts';
export type ImporterRequestPhase = Parameters<Activities['openImport']>[1];
