import type pg from 'pg';

/** One thing that a reader asks, with the answer that each of the two releases gives. */
export interface Question {
  kind: string;
  sql: string;
  values: (string | number)[];
  /** By label, as JSON. */
  answers: Record<string, string>;
}

/** The release that is current, as every reader learns it. */
export const LABEL_SQL = 'select label from releases where is_current';

interface Kind {
  name: string;
  sql: string;
  /** What $1 stands for; a question without one is asked once. */
  by?: 'id' | 'site_id' | 'slug' | 'iso_3';
}

/** What a website asks. Rows are in one order, and none holds a time, so that answers can be compared as text. */
const KINDS: readonly Kind[] = [
  { name: 'site by primary key', by: 'id', sql: 'select site_id, name, slug from protected_areas where id = $1' },
  { name: 'site by site_id', by: 'site_id', sql: 'select id, name, marine from protected_areas where site_id = $1' },
  { name: 'site by slug', by: 'slug', sql: 'select site_id, name from protected_areas where slug = $1 order by 1' },
  {
    name: 'sites of a country',
    by: 'iso_3',
    sql: `select count(*)::int as sites, md5(string_agg(p.name, ',' order by p.site_id)) as names
          from countries c join countries_protected_areas j on j.country_id = c.id
          join protected_areas p on p.id = j.protected_area_id where c.iso_3 = $1`,
  },
  {
    name: 'a site with its lookups and sources',
    by: 'site_id',
    sql: `select p.name, d.name as designation, k.name as category, array_agg(s.title order by s.metadataid) as sources
          from protected_areas p left join designations d on d.id = p.designation_id
          left join iucn_categories k on k.id = p.iucn_category_id
          left join protected_areas_sources j on j.protected_area_id = p.id left join sources s on s.id = j.source_id
          where p.site_id = $1 group by p.id, d.name, k.name`,
  },
  {
    name: 'parcels of a site',
    by: 'site_id',
    sql: 'select site_pid, name from protected_area_parcels where site_id = $1 order by 1',
  },
  { name: 'count of all sites', sql: 'select count(*)::int as sites from protected_areas' },
  {
    name: 'count over an index',
    sql: 'select is_oecm, count(*)::int as sites from protected_areas where marine group by 1 order by 1',
  },
  { name: 'count of a junction', sql: 'select count(*)::int as rows from countries_protected_areas' },
  { name: 'count of evaluations', sql: 'select count(*)::int as evaluations from pame_evaluations' },
  {
    name: 'downloads view by SITE_ID',
    by: 'site_id',
    sql: `select "SITE_PID", "NAME_ENG", "ISO3" from portal_downloads_protected_areas where "SITE_ID" = $1 order by 1`,
  },
  {
    name: 'materialized view of polygons',
    by: 'site_id',
    sql: 'select site_pid, name_eng, iso3 from portal_standard_polygons where site_id = $1 order by 1',
  },
  { name: 'materialized view of points', sql: 'select count(*)::int as points from portal_standard_points' },
  { name: 'materialized view of sources', sql: 'select count(*)::int as sources from portal_standard_sources' },
  {
    name: 'one statement over release, table, junction and view',
    by: 'site_id',
    sql: `select r.label, p.name, (select count(*)::int from countries_protected_areas where protected_area_id = p.id) as countries,
            (select string_agg("NAME_ENG", ',' order by "SITE_PID") from portal_downloads_protected_areas where "SITE_ID" = p.site_id) as download
          from releases r join protected_areas p on p.site_id = $1 where r.is_current`,
  },
  { name: 'a view over statistics', sql: 'select count(*)::int as regions from regional_statistics_view' },
];

const SAMPLES = 24;

/**
 * Questions about sites that are not the same in both releases: renamed, new or gone, so that nearly every answer tells
 * which release it came from. Needs the new release live and the old one as backup `stamp`.
 */
export async function chooseQuestions(session: pg.ClientBase, stamp: string): Promise<Question[]> {
  const { rows } = await session.query<{ id: number; site_id: number; slug: string }>(
    `with both_of as (
       select coalesce(l.id, b.id) as id, site_id, coalesce(l.slug, b.slug) as slug,
              case when l.id is null then 'gone' when b.id is null then 'new' else 'renamed' end as what
       from protected_areas l full join bk${stamp}_protected_areas b using (site_id)
       where l.name is distinct from b.name)
     select id, site_id, slug from (
       select *, row_number() over (partition by what order by hashint4(site_id)) as at from both_of) ranked
     where at <= case what when 'renamed' then 16 else 4 end`,
  );
  const countries = await session.query<{ iso_3: string }>(
    `select c.iso_3 from countries c
     join lateral (select count(*) as n from countries_protected_areas j where j.country_id = c.id) now on true
     join lateral (select count(*) as n from bk${stamp}_countries_protected_areas j where j.country_id = c.id) was on true
     where now.n <> was.n order by abs(now.n - 300), 1 limit 6`,
  );
  const sites = rows.slice(0, SAMPLES);
  return KINDS.flatMap(({ name, by, sql }) => {
    const samples =
      by === undefined
        ? [[]]
        : by === 'iso_3'
          ? countries.rows.map((row) => [row.iso_3])
          : sites.map((site) => [site[by]]);
    return samples.map((values) => ({ kind: name, sql, values, answers: {} }));
  });
}

export const answerOf = (result: { rows: unknown[] }): string => JSON.stringify(result.rows);

/** Writes down what the release that is current answers; nobody may swap meanwhile. */
export async function learnAnswers(session: pg.ClientBase, questions: Question[]): Promise<string> {
  const label = (await session.query<{ label: string }>(LABEL_SQL)).rows[0]?.label;
  if (label === undefined) throw new Error('no release is current');
  for (const question of questions) {
    question.answers[label] = answerOf(await session.query(question.sql, question.values));
  }
  return label;
}

/** How many questions tell the two releases apart. */
export const telling = (questions: readonly Question[]): number =>
  questions.filter(({ answers }) => new Set(Object.values(answers)).size > 1).length;
