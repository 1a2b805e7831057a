-- Sources. metadataid is not unique in the portal, so the nth source of a metadataid keeps the id that the nth has in live.

-- step: write sources
with
incoming as (
  select s.*, row_number() over (partition by s.metadataid order by s.data_title, s.resp_party, place) as nth
  from staging_portal_standard_sources s
  -- The number in index_id: as text, 10 would come before 9, and two sources would change their ids.
  cross join lateral (select split_part(s.index_id, '_', 1)::int as place) index
),
live as (
  select l.*, row_number() over (partition by l.metadataid order by l.title, l.responsible_party, l.id) as nth
  from sources l
)
insert into staging_sources (
  id, metadataid, title, responsible_party, year, update_year, language, character_set, reference_system, scale, verifier,
  lineage, citation, disclaimer, created_at, updated_at
)
select
  coalesce(live.id, (select pp_release.highest_id('sources'))
    + row_number() over (partition by live.id is null order by i.metadataid, i.nth)),
  i.metadataid, i.data_title, i.resp_party, catalog_year(i.year), catalog_year(i.update_yr),
  i.language, i.char_set, i.ref_system, i.scale, i.verifier, i.lineage, i.citation, i.disclaimer,
  coalesce(live.created_at, pp_release.started_at()),
  case when live.id is not null and (
    i.data_title::varchar, i.resp_party::varchar, catalog_year(i.year), catalog_year(i.update_yr), i.language::varchar,
    i.char_set::varchar, i.ref_system::varchar, i.scale::varchar, i.verifier::varchar, i.lineage, i.citation, i.disclaimer
  ) is not distinct from (
    live.title, live.responsible_party, live.year, live.update_year, live.language,
    live.character_set, live.reference_system, live.scale, live.verifier, live.lineage, live.citation, live.disclaimer
  ) then live.updated_at else pp_release.started_at() end
from incoming i
left join live on live.metadataid is not distinct from i.metadataid and live.nth = i.nth
order by 1;

-- A text with digits that say no year.
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'sources', 'no such year: the source is published without it',
       coalesce('metadataid ' || s.metadataid, 'source without metadataid'), jsonb_build_object('column', told.name, 'value', left(told.value, 50))
from staging_portal_standard_sources s
cross join lateral (values ('year', s.year), ('update_year', s.update_yr)) told (name, value)
where catalog_is_no_year(told.value)
order by s.index_id, told.name;
analyze staging_sources;
