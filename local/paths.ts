import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Where this clone's stack keeps all it has. */
export const STACK_DIR = join(ROOT, '.local');
