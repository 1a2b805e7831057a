-- Sources of at least one published row. metadataid (the public id) is not unique, so index_id is made from the order.
select
  concat(row_number() over (order by s.originator_id, s.data_title, s.id), '_', s.originator_id) as index_id,
  s.originator_id::int4 as metadataid,
  left(s.data_title, 255) as data_title,
  left(p.responsible_party, 255) as resp_party,
  left(s.verifier, 259) as verifier,
  left(s.year::text, 255) as year,
  left(s.update_year::text, 255) as update_yr,
  left(coalesce(language.code, s.language), 255) as language,
  left(coalesce(charset.code, s.character_set), 255) as char_set,
  left(s.reference_system, 255) as ref_system,
  left(s.scale, 255) as scale,
  left(s.lineage, 264) as lineage,
  left(s.citation, 261) as citation,
  left(s.disclaimer, 264) as disclaimer
from portal_fdw.source s
left join portal_fdw.provider p on p.id = s.provider_id
-- Codes that differ in case only must not double a source: the lowest id stands for them.
left join (
  select distinct on (lower(code)) code from portal_fdw.language_cat order by lower(code), id
) language on lower(language.code) = lower(s.language)
left join (
  select distinct on (lower(code)) code from portal_fdw.character_set_cat order by lower(code), id
) charset on lower(charset.code) = lower(s.character_set)
where exists (
  select from portal_fdw.wdpas w
  join portal_fdw.data_restriction_levels r
    on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
  where w.source_id = s.id and w.archived_at is null
)
