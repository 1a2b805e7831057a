-- Sources of management-effectiveness evaluations, unfiltered.
select
  s.id::int8 as id,
  s.eff_metaid::int8 as eff_metaid,
  left(s.data_title, 255) as data_title,
  left(s.resp_party, 255) as resp_party,
  left(s.resp_email, 255) as resp_email,
  left(s.resp_pers, 255) as resp_pers,
  s.year::int4 as year,
  left(s.language, 255) as language
from portal_fdw.pame_sources s
