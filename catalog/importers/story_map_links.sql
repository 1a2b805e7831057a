-- Links from sites to story maps.

-- step: write links
-- The list is kept by hand over years: a site that is not published any more is worth a note, not an error.
insert into pp_release.rejects (release_id, importer, severity, reason, row_key, details)
select pp_release.release_id(), 'story_map_links', 'note', 'no such site in this release', c.row_key,
       jsonb_build_object('site', c.site)
from csv_story_map_link_sites c
where not exists (select from staging_protected_areas a where a.site_id = c.site);

insert into staging_story_map_links (id, protected_area_id, link, link_type, created_at, updated_at)
select coalesce(live.id, (select pp_release.highest_id('story_map_links'))
         + row_number() over (partition by live.id is null order by c.site, c.link, c.type)),
       a.id, c.link, c.type,
       coalesce(live.created_at, pp_release.started_at()), coalesce(live.updated_at, pp_release.started_at())
from csv_story_map_link_sites c
join staging_protected_areas a on a.site_id = c.site
left join (
  select protected_area_id, link, link_type, min(id) as id, min(created_at) as created_at, min(updated_at) as updated_at
  from story_map_links group by protected_area_id, link, link_type
) live on live.protected_area_id = a.id and live.link = c.link and live.link_type is not distinct from c.type
order by 1;
