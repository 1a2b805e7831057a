-- Green List records: a status row each, and the link from the parcel with that key, else from the site.

-- step: read records and find what they certify
-- A sample takes records of the sites that are in it: the others would be set aside for want of a site, and say nothing of the data.
create temp table chosen on commit drop as
select id
from staging_portal_standard_greenlist
where not (select pp_release.is_sample())
   or site_id in (select site_id from staging_portal_standard_polygons where ogc_fid <= pp_release.sample()
                  union select site_id from staging_portal_standard_points where ogc_fid <= pp_release.sample())
order by id limit pp_release.sample();

-- The parcel with exactly the record's parcel_id; where there is none, one whose parcel_id differs only in spaces at its ends. A
-- record without a parcel_id means the parcel that has the number of the site.
create temp table targets on commit drop as
select distinct on (g.id) g.id, parcel.id as parcel_id
from staging_portal_standard_greenlist g
cross join lateral (select coalesce(nullif(trim(g.site_pid), ''), g.site_id::text) as pid) meant
join staging_protected_area_parcels parcel on parcel.site_id = g.site_id and trim(parcel.site_pid) = meant.pid
where g.id in (select id from chosen)
order by g.id, coalesce(parcel.site_pid = g.site_pid, false) desc, parcel.site_pid = meant.pid desc, parcel.id;

create temp table records on commit drop as
select g.*, parcel.parcel_id, site.id as protected_area_id,
       coalesce(live_parcel.green_list_status_id, live_site.green_list_status_id) as live_id
from staging_portal_standard_greenlist g
left join targets parcel using (id)
left join staging_protected_areas site on site.site_id = g.site_id and parcel.parcel_id is null
left join protected_area_parcels live_parcel on live_parcel.id = parcel.parcel_id
left join protected_areas live_site on live_site.id = site.id
where g.id in (select id from chosen);

-- A record without a status certifies nothing: published, it would put its site among those of the Green List.
with rejected as (
  delete from records where coalesce(trim(gl_status), '') = '' or (parcel_id is null and protected_area_id is null) returning *
)
insert into pp_release.rejects (release_id, importer, reason, row_key, details)
select pp_release.release_id(), 'green_list',
       case when coalesce(trim(gl_status), '') = '' then 'no status: it certifies nothing'
            else 'no such site or parcel in this release' end,
       'portal row ' || id, jsonb_build_object('site_id', site_id, 'site_pid', site_pid)
from rejected;

-- step: write statuses
-- The last of two records of one target wins (by portal id); a live status keeps its id with the target that has it. A
-- status that marks nothing is known again by what it says.
create temp table statuses on commit drop as
with placed as (
  select *,
         live_id is not null and row_number() over (partition by live_id order by id desc) = 1 as owns_live,
         row_number() over (partition by parcel_id, protected_area_id order by id desc) = 1 as wins
  from records
),
unmarked as (
  select id, gl_status::varchar, catalog_expiry(gl_expiry) as gl_expiry, gl_link::varchar,
         row_number() over (partition by gl_status, catalog_expiry(gl_expiry), gl_link order by id) as nth
  from placed where not owns_live
),
live_unmarked as (
  select id, gl_status, gl_expiry, gl_link, row_number() over (partition by gl_status, gl_expiry, gl_link order by id) as nth
  from green_list_statuses s
  where not exists (select from protected_areas a where a.green_list_status_id = s.id)
    and not exists (select from protected_area_parcels a where a.green_list_status_id = s.id)
),
known as (
  select id, live_id as status_id from placed where owns_live
  union all
  select u.id, l.id from unmarked u join live_unmarked l
    on (u.gl_status, u.gl_expiry, u.gl_link, u.nth) is not distinct from (l.gl_status, l.gl_expiry, l.gl_link, l.nth)
)
select p.*,
       coalesce(k.status_id, (select pp_release.highest_id('green_list_statuses'))
         + row_number() over (partition by k.status_id is null order by p.id)) as status_id
from placed p left join known k using (id);

insert into staging_green_list_statuses (id, gl_status, gl_expiry, gl_link, created_at, updated_at)
select s.status_id, s.gl_status, catalog_expiry(s.gl_expiry), s.gl_link,
       coalesce(live.created_at, pp_release.started_at()),
       case when live.id is not null
             and (s.gl_status::varchar, catalog_expiry(s.gl_expiry), s.gl_link::varchar)
                 is not distinct from (live.gl_status, live.gl_expiry, live.gl_link)
            then live.updated_at else pp_release.started_at() end
from statuses s
left join green_list_statuses live on live.id = s.status_id
order by s.status_id;

-- step: mark sites and parcels
update staging_protected_areas set green_list_status_id = null where green_list_status_id is not null;
update staging_protected_area_parcels set green_list_status_id = null where green_list_status_id is not null;
update staging_protected_areas a set green_list_status_id = s.status_id
from statuses s where s.wins and a.id = s.protected_area_id;
update staging_protected_area_parcels a set green_list_status_id = s.status_id
from statuses s where s.wins and a.id = s.parcel_id;

-- A site or parcel with another mark than before, or none where it had one, says something else than before.
with
now as (select id, green_list_status_id from staging_protected_areas where green_list_status_id is not null),
before as (select id, green_list_status_id from protected_areas where green_list_status_id is not null)
update staging_protected_areas set updated_at = pp_release.started_at()
where id in (select id from now full join before using (id)
             where now.green_list_status_id is distinct from before.green_list_status_id);
with
now as (select id, green_list_status_id from staging_protected_area_parcels where green_list_status_id is not null),
before as (select id, green_list_status_id from protected_area_parcels where green_list_status_id is not null)
update staging_protected_area_parcels set updated_at = pp_release.started_at()
where id in (select id from now full join before using (id)
             where now.green_list_status_id is distinct from before.green_list_status_id);
