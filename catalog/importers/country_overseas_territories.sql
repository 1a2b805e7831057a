-- Overseas territories: the country that each belongs to. Links are added, never removed.

-- step: plan the links
create temp table links on commit drop as
select o.row_key, o.line, o.country as parent_code, parent.id as parent_id, part.code, territory.id, territory.country_id,
       case when parent.id is null or territory.id is null then 'unknown country code'
            when territory.id = parent.id then 'a country cannot be a territory of itself' end as fault
from csv_overseas_territories o
cross join lateral (
  select upper(trim(code)) as code from unnest(string_to_array(o.overseas_territories, ';')) code where trim(code) <> ''
) part
left join (select iso_3, min(id) as id from countries group by iso_3) parent on parent.iso_3 = o.country
left join (select distinct on (iso_3) iso_3, id, country_id from countries order by iso_3, id) territory
  on territory.iso_3 = part.code;

-- A line that cannot count takes no territory away from one that can.
update links l set fault = 'a later line gives this territory to another country'
where fault is null
  and exists (select from links later where later.id = l.id and later.line > l.line and later.fault is null);

insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'country_overseas_territories', fault, row_key,
       jsonb_build_object('country', parent_code, 'territory', code)
       || case when exists (select from links kept where kept.row_key = l.row_key and kept.fault is null)
               then '{"column": "overseas_territories"}'::jsonb else '{}' end
from links l where fault is not null;

insert into pp_release.live_changes (release_id, importer, relation, row_id, column_name, before_value, after_value)
select distinct pp_release.release_id(), 'country_overseas_territories', 'countries', id, 'country_id', country_id::text, parent_id::text
from links where fault is null and country_id is distinct from parent_id;
