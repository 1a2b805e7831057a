-- Sources of management-effectiveness evaluations; their id is the public eff_metaid.

-- step: write evaluation sources
with incoming as (
  select s.*, row_number() over (partition by s.eff_metaid order by s.id) as nth
  from staging_portal_standard_pame_sources s
),
rejected as (
  insert into pp_release.rejects (release_id, importer, reason, row_key)
  select pp_release.release_id(), 'pame_sources',
         case when eff_metaid is null then 'no eff_metaid'
              when eff_metaid not between -2147483648 and 2147483647 then 'eff_metaid is too large for its column'
              else 'a second source with this eff_metaid' end,
         coalesce(eff_metaid::text, 'portal row ' || id)
  from incoming where nth > 1 or eff_metaid is null or eff_metaid not between -2147483648 and 2147483647
)
insert into staging_pame_sources (id, data_title, resp_party, language, year, created_at, updated_at)
select i.eff_metaid, i.data_title, i.resp_party, i.language, i.year,
       coalesce(live.created_at, pp_release.started_at()),
       case when live.id is not null
             and (i.data_title::varchar, i.resp_party::varchar, i.language::varchar, i.year)
                 is not distinct from (live.data_title, live.resp_party, live.language, live.year)
            then live.updated_at else pp_release.started_at() end
from incoming i
left join pame_sources live on live.id = i.eff_metaid
where i.nth = 1 and i.eff_metaid between -2147483648 and 2147483647
order by i.eff_metaid;
