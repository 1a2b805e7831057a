import { group } from '../check.ts';
import { accessChecks } from './database/access.ts';
import { rightsChecks } from './database/rights.ts';
import { sessionChecks } from './database/sessions.ts';
import { tableChecks } from './database/tables.ts';

export const databaseChecks = group(['database.answers', 'database.pooler', 'database.settings'], {
  ...accessChecks,
  ...rightsChecks,
  ...tableChecks,
  ...sessionChecks,
});
