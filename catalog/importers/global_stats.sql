-- Statistics of the world: each line of the file fills the column that its type names. One row in all.

-- step: find the column of each type
create temp table named on commit drop as
select c.row_key, c.type, c.value, a.attname as column_name, a.atttypid = 'integer'::regtype as is_integer,
       strpos(a.attname, 'percentage') > 0 or a.attname like '%\_perc' as is_percentage
from csv_global_statistics c
left join pg_attribute a on a.attrelid = 'global_statistics'::regclass and a.attname = c.type and a.attnum > 0
  and not a.attisdropped and a.attname not in ('id', 'singleton_guard', 'created_at', 'updated_at');

-- A type that no column has is a statistic that would be lost without a word.
select pp_release.hard_error(
  format('%s: there is no statistic called %s; mend the type, or add a column of that name to global_statistics',
         min(row_key), string_agg(quote_literal(type), ', ' order by type)))
from named where column_name is null having count(*) > 0;

with outside as (
  delete from named
  where (is_percentage and value not between 0 and 100) or (is_integer and abs(value) > 2147483647)
  returning *
)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'global_stats',
       case when is_percentage then 'a percentage outside 0 to 100' else 'a number too large' end,
       row_key, jsonb_build_object('column', 'value', 'type', type, 'value', value)
from outside;

insert into pp_release.rejects (release_id, importer, reason, row_key)
select pp_release.release_id(), 'global_stats', 'the file has no line for this statistic', a.attname
from pg_attribute a
where a.attrelid = 'global_statistics'::regclass and a.attnum > 0 and not a.attisdropped
  and a.attname not in ('id', 'singleton_guard', 'created_at', 'updated_at')
  and a.atttypid in ('integer'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'real'::regtype, 'double precision'::regtype)
  and not exists (select from csv_global_statistics c where c.type = a.attname);

-- step: write the row
insert into staging_global_statistics
select (jsonb_populate_record(
  null::staging_global_statistics,
  -- What is no number is no statistic: a column that the website added keeps its value.
  coalesce((select jsonb_object_agg(kept.key, kept.value)
            from (select * from global_statistics order by id limit 1) live, jsonb_each(to_jsonb(live)) kept
            where jsonb_typeof(kept.value) not in ('number', 'null')), '{}')
  || coalesce(jsonb_object_agg(column_name, case when is_integer then trunc(value) else value end), '{}')
  || jsonb_build_object(
       'id', coalesce((select min(id) from global_statistics), (select pp_release.highest_id('global_statistics')) + 1),
       'singleton_guard', 0, 'created_at', pp_release.started_at(), 'updated_at', pp_release.started_at())
)).*
from named;

update staging_global_statistics s
set created_at = live.created_at,
    updated_at = case when to_jsonb(s) - '{created_at,updated_at}'::text[] = to_jsonb(live) - '{created_at,updated_at}'::text[]
                      then live.updated_at else s.updated_at end
from global_statistics live where live.id = s.id;
