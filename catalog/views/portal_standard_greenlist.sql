-- Green List records of published sites.
with published as (
  -- By key, spaces at its ends aside: the importer prefers the parcel with exactly the same. And by site alone, for records
  -- without a parcel_id: those are of the site as a whole.
  select w.site_id, unnest(array[trim(w.parcel_id), '']) as parcel_id
  from portal_fdw.wdpas w
  join portal_fdw.data_restriction_levels r
    on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
  where w.archived_at is null
)
select
  g.id::int8 as id,
  g.site_id::int8 as site_id,
  left(g.parcel_id, 52) as site_pid,
  left(coalesce(status.description ->> 'en', status.code), 50) as gl_status,
  g.gl_expiry::int4 as gl_expiry,
  left(g.gl_link, 500) as gl_link
from portal_fdw.greenlists g
left join portal_fdw.greenlist_status_cat status on status.id = g.gl_status_id
where g.archived_at is null
  and exists (
    -- The site must be published; asked as a semi-join, because a site with two active rows must not double its records.
    select from published where site_id = g.site_id and parcel_id = coalesce(trim(g.parcel_id), '')
  )
