-- Overseas territories: the country that each belongs to. Links are added, never removed.

-- step: plan the links
create temp table links on commit drop as
select o.row_key, o.line, o.country as parent_code, parent.id as parent_id, part.code, territory.id, territory.country_id
from csv_overseas_territories o
cross join lateral (
  select upper(trim(code)) as code from unnest(string_to_array(o.overseas_territories, ';')) code where trim(code) <> ''
) part
left join (select iso_3, min(id) as id from countries group by iso_3) parent on parent.iso_3 = o.country
left join (select distinct on (iso_3) iso_3, id, country_id from countries order by iso_3, id) territory
  on territory.iso_3 = part.code;

with rejected as (
  delete from links l
  where parent_id is null or id is null or id = parent_id
     or exists (select from links later where later.code = l.code and later.line > l.line)
  returning *
)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'country_overseas_territories',
       case when parent_id is null or id is null then 'unknown country code'
            when id = parent_id then 'a country cannot be a territory of itself'
            else 'a later line gives this territory to another country' end,
       row_key, jsonb_build_object('country', parent_code, 'territory', code)
from rejected;

insert into pp_release.live_changes (release_id, importer, relation, row_id, column_name, before_value, after_value)
select distinct pp_release.release_id(), 'country_overseas_territories', 'countries', id, 'country_id', country_id::text, parent_id::text
from links where country_id is distinct from parent_id;
