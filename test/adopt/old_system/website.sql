-- What the old system and the website keep besides a release: rows of releases (stamps parsed in the server's zone, an hour off in
-- summer), rights of a reader, comments, and things of users that name sites by their ids.
insert into releases (label, state, is_current, backup_timestamp, manifest_url, stats_json, created_at, updated_at) values
  ('Feb2026', 'succeeded', false, null, '/manifests/1_Feb2026.json', '{"source_counts": {"wdpca_points": 90}}', '2026-02-03 05:00', '2026-02-03 09:00'),
  ('Mar2026', 'succeeded', false, '2026-04-01 05:12', '/manifests/2_Mar2026.json', '{}', '2026-03-02 05:00', '2026-03-02 09:00'),
  ('Apr2026', 'succeeded', false, '2026-05-05 06:02', '/manifests/3_Apr2026.json', '{}', '2026-04-01 05:00', '2026-04-01 09:00'),
  ('May2026', 'succeeded', true, null, '/manifests/4_May2026.json', '{}', '2026-05-05 05:00', '2026-05-05 09:00');
insert into release_events (release_id, phase, payload_json, at)
select id, phase, '{}', updated_at from releases, unnest(array['lock_acquired', 'swapped', 'succeeded']) phase order by id;
insert into schema_migrations values ('20260401120000');
insert into aichi11_targets (singleton_guard, coverage_terrestrial, coverage_marine, representative_global_value, well_connected_global_value,
  importance_global_value, created_at, updated_at) values (0, 16.6, 7.7, 41.2, 7.84, 19.5, '2019-01-01', '2026-01-01');

grant usage on schema public to {reader};
grant select on all tables in schema public to {reader};
grant usage, select on all sequences in schema public to {reader};
grant update (link) on story_map_links to {reader};
comment on table protected_areas is 'Sites, as the website shows them';
comment on column protected_areas.site_id is 'The public number of the site';
comment on view portal_downloads_protected_areas is 'What download generators read';
comment on materialized view portal_standard_points is 'Published points';
comment on index index_protected_areas_on_site_id is 'Pages are found by it';

insert into images (url, title, protected_area_id, created_at, updated_at)
select 'https://example.org/' || site_id || '.jpg', site_id::text, id, now(), now() from protected_areas order by site_id limit 20;
insert into projects (name, user_id, created_at, updated_at) values ('Lakes', 1, now(), now());
insert into project_items (project_id, item_type, item_id, created_at, updated_at)
select 1, 'ProtectedArea', id, now(), now() from protected_areas order by site_id desc limit 20;
create view tmp_downloads_a1b2c3 as select * from portal_downloads_protected_areas where "SITE_ID" % 2 = 0;
