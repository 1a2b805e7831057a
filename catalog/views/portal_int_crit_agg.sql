-- International criteria (World Heritage, Ramsar …) of a parcel.
-- Only rows that are published count: an archived or restricted version must not leak its values.
select
  w.site_id::int4 as wdpa_id,
  w.parcel_id,
  string_agg(
    distinct coalesce(c.description ->> 'en', c.code), ';' order by coalesce(c.description ->> 'en', c.code)
  ) as int_crit
from portal_fdw.wdpas w
join portal_fdw.data_restriction_levels r
  on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
join portal_fdw.wdpa_international_criteria j on j.wdpa_id = w.id
join portal_fdw.international_criteria_cat c on c.id = j.international_criteria_cat_id
where w.archived_at is null
group by w.site_id::int4, w.parcel_id
