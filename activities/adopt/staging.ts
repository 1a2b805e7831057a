import { downloadsView, tables, views } from '../../catalog/index.ts';
import { nameIn, STAGING } from '../generation/names.ts';
import { recording } from '../generation/record.ts';
import type { Session } from '../postgres/database.ts';
import type { Finding } from './finding.ts';

/**
 * What a run or a rollback of the old system has left in staging: relations under our names with the columns that live has. Once they are
 * recorded, the next release drops them as it drops any staging. What has other columns is a stranger's, and left alone.
 *
 * @returns names in schema public
 */
export async function findOldStaging(session: Session, ours: string): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `select c.relname as name
     from unnest($1::text[], $2::text[]) twin (live_name, name)
     join pg_class c on c.relname = twin.name and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'm', 'v')
     join pg_class live on live.relname = twin.live_name and live.relnamespace = 'public'::regnamespace and live.relkind = c.relkind
     where c.oid not in (${ours})
       and array(select attname from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped order by 1)
         = array(select attname from pg_attribute where attrelid = live.oid and attnum > 0 and not attisdropped order by 1)
     order by 1`,
    [RELATIONS, RELATIONS.map((name) => nameIn(STAGING, name))],
  );
  return rows.map(({ name }) => name);
}

const RELATIONS: readonly string[] = [
  ...tables.map(({ name }) => name),
  ...views.map(({ name }) => name),
  downloadsView,
];

export function stagingFindings(names: readonly string[]): Finding[] {
  if (names.length === 0) return [];
  const left = new Set(names);
  return [
    {
      id: 'staging-left',
      acts: 'adopt',
      message: `${names.length} relations of the old system's staging are left (${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}): they are recorded as staging, and the next release, or a rollback, drops them`,
      statements: [
        recording(
          STAGING,
          RELATIONS.filter((name) => left.has(nameIn(STAGING, name))),
        ),
      ],
    },
  ];
}
