-- One of every kind of object that can hang on a live table or view. Run as superuser. A release goes on where its role has
-- BYPASSRLS: row-level security is forced on sources.
do $$ begin
  if not exists (select from pg_roles where rolname = 'pp_web') then create role pp_web; end if;
  if not exists (select from pg_roles where rolname = 'pp_steward') then create role pp_steward; end if;
  if not exists (select from pg_roles where rolname = 'pp_tables') then create role pp_tables; end if;
end $$;
grant pp_tables to pp_release;
grant create, usage on schema public to pp_tables, pp_release;

-- what the first release made is owned as all else is, whoever logged in for it
do $$ declare r record; begin
  for r in select oid::regclass as name, case relkind when 'm' then 'materialized view' when 'v' then 'view' else 'table' end as kind
           from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'v')
             and relowner <> (select oid from pg_roles where rolname = 'pp_release') and relname !~ '^(spatial_|geo)' loop
    execute format('alter %s %s owner to pp_release', r.kind, r.name);
  end loop;
end $$;

-- owner, grants, column grants
alter table story_map_links owner to pp_tables;
grant select on protected_areas, sources, portal_standard_points, portal_downloads_protected_areas to pp_web;
grant select, update on protected_areas to pp_steward with grant option;
grant update (name, original_name) on protected_area_parcels to pp_web;
grant usage on sequence protected_areas_id_seq to pp_web;
revoke insert on designations from pp_release;

-- comments of everything
comment on table protected_areas is 'One row a site; it''s "live"';
comment on column protected_areas.site_id is 'WDPA id';
comment on index index_protected_areas_on_site_id is 'the key people know';
comment on constraint protected_areas_pkey on protected_areas is 'stable ids';
comment on materialized view portal_standard_points is 'published points';
comment on column portal_standard_points.site_id is 'WDPA id';
comment on view portal_downloads_protected_areas is 'what download generators read';
comment on sequence protected_areas_id_seq is 'ids of sites';

-- row-level security with policies, one of them over another released table
alter table sources enable row level security;
alter table sources force row level security;
create policy everybody on sources for select to public using (true);
create policy owners on sources for all to pp_release, pp_tables using (true) with check (true);
create policy stewards on sources as restrictive for update to pp_steward
  using (exists (select from protected_areas_sources j join protected_areas a on a.id = j.protected_area_id where j.source_id = sources.id));
comment on policy stewards on sources is 'only sources that are used';

-- triggers (one disabled, one with a condition), rules
create or replace function touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
create trigger touch before update on protected_areas for each row
  when (old.verif in ('State Verified', 'Expert Verified')) execute function touch();
create trigger touch_parcels before update on protected_area_parcels for each row execute function touch();
alter table protected_area_parcels disable trigger touch_parcels;
comment on trigger touch on protected_areas is 'keeps updated_at true';
create table if not exists deleted_links (id int, at timestamptz default now());
create rule log_deleted as on delete to story_map_links do also insert into deleted_links (id) values (old.id);
grant insert on deleted_links to pp_tables, pp_release;

-- storage: options, fill factor, toast options, statistics targets, n_distinct, storage, replica identity, cluster mark
alter table protected_areas set (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_enabled = false);
alter table protected_areas alter column site_id set statistics 500;
alter table protected_areas alter column designation_id set (n_distinct = -0.2);
alter table protected_areas alter column supplementary_info set storage external;
alter table no_take_statuses replica identity full;
alter table countries_pame_evaluations replica identity using index index_countries_pame_evaluations;
alter table sources cluster on index_sources_on_metadataid;

-- extended statistics
create statistics site_kinds (dependencies, ndistinct) on designation_id, iucn_category_id from protected_areas;
alter statistics site_kinds set statistics 400;
comment on statistics site_kinds is 'they go together';

-- indexes: expression, partial (with an IN over varchar), unique, covering, exclusion; long names; targets of index columns
create index lower_name on protected_areas (lower(name) text_pattern_ops);
alter index lower_name alter column 1 set statistics 300;
create index verified_only on protected_areas (site_id) where verif in ('State Verified', 'Expert Verified');
create unique index site_and_pid on protected_areas (site_id, site_pid) include (name);
create index an_index_with_a_name_that_is_exactly_sixty_three_bytes_long_xxx on protected_area_parcels (site_pid);
create index an_index_with_a_name_that_is_exactly_sixty_three_bytes_long_xxy on protected_area_parcels (site_id);
alter table country_statistics add constraint one_row_a_country exclude using btree (country_id with =) deferrable;
alter table story_map_links add constraint links_are_links check (link like 'http%') not valid;

-- identity and generated columns
alter table story_map_links add column position int generated by default as identity (start 100 increment 5);
alter table story_map_links add column link_length int generated always as (length(link)) stored;

-- publications of everything, what a release makes among it, and one with a column list and a row filter
create publication everything for all tables;
create publication all_of_public for tables in schema public;
drop publication if exists sites;
create publication sites for table protected_areas (id, site_id, name) where (id > 0), sources;

-- foreign keys from tables that are not released (one never validated)
create table if not exists visits (id serial primary key, site_id int references protected_areas (site_id) on delete cascade, note text);
insert into visits (site_id, note) select site_id, 'seen' from protected_areas order by site_id limit 5;
create table if not exists old_visits (parcel_id bigint);
alter table old_visits add constraint old_parcels foreign key (parcel_id) references protected_area_parcels (id) not valid;
comment on constraint old_parcels on old_visits is 'some are gone';

-- dependent views (one over another, one with options, one over a materialized view), materialized views (one over another,
-- one through a view), functions with an SQL body, a function of the row type, a policy elsewhere
create view named_sites with (security_barrier = true) as
  select site_id, name from protected_areas where verif in ('State Verified', 'Expert Verified') with local check option;
grant select on named_sites to pp_web;
comment on view named_sites is 'sites with names';
create view first_names as select left(name, 1) as letter, count(*) as n from named_sites group by 1;
create view point_ids as select p.site_id from portal_standard_points p;
create materialized view sites_by_country as
  select c.iso_3, count(*) as n from protected_areas join countries_protected_areas j on j.protected_area_id = protected_areas.id
  join countries c on c.id = j.country_id group by c.iso_3;
create unique index sites_by_country_key on sites_by_country (iso_3);
grant select on sites_by_country to pp_web;
comment on materialized view sites_by_country is 'for the map';
create materialized view big_countries as select iso_3 from sites_by_country where n > 10;
create materialized view letters as select * from first_names;
create function site_name(int) returns text language sql stable begin atomic select name from protected_areas where site_id = $1; end;
grant execute on function site_name(int) to pp_web;
revoke execute on function site_name(int) from public;
comment on function site_name(int) is 'name of a site';
create function oldest_sites() returns setof protected_areas language sql stable as 'select * from protected_areas order by id limit 3';
revoke execute on function oldest_sites() from public;
grant execute on function oldest_sites() to pp_steward;
comment on function oldest_sites() is 'three of them';
alter table visits enable row level security;
create policy known_sites on visits using (exists (select from protected_areas a where a.site_id = visits.site_id));
create policy owner_sees on visits to pp_release using (true);
do $$ declare t text; begin
  foreach t in array array['visits', 'old_visits', 'deleted_links', 'named_sites', 'first_names', 'point_ids'] loop
    execute format('alter table %I owner to pp_release', t);
  end loop;
  alter materialized view sites_by_country owner to pp_release;
  alter materialized view big_countries owner to pp_release;
  alter materialized view letters owner to pp_release;
  alter function site_name(int) owner to pp_release;
  alter function oldest_sites() owner to pp_release;
  alter function touch() owner to pp_release;
  alter publication sites owner to pp_release;
  alter statistics site_kinds owner to pp_release;
end $$;
