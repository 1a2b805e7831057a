-- ISO3 codes of the countries that a parcel lies in.
-- Only rows that are published count: an archived or restricted version must not leak its values.
select
  w.site_id::int4 as wdpa_id,
  w.parcel_id,
  string_agg(distinct i.code, ';' order by i.code) as iso3s
from portal_fdw.wdpas w
join portal_fdw.data_restriction_levels r
  on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
join portal_fdw.wdpa_iso3 j on j.wdpa_id = w.id
join portal_fdw.iso3 i on i.id = j.iso3_id
where w.archived_at is null
group by w.site_id::int4, w.parcel_id
