-- Up Migration
-- A cap of rows per view that is beyond int4 is a cap as well (PP_IMPORT_SAMPLE).
drop function pp_release.sample();
create function pp_release.sample() returns bigint
language sql stable as $$
  select coalesce(nullif(current_setting('pp_release.sample', true), '')::bigint, 9223372036854775807)
$$;

-- A sample leaves sites out, so that a record of a site that is not there says nothing about the data.
create function pp_release.is_sample() returns boolean
language sql stable as $$ select nullif(current_setting('pp_release.sample', true), '') is not null $$;

-- The cap that an importer ran with: what is a sample must not go live as if it were everything.
alter table pp_release.import_marks add column sample bigint;

-- Tables that no importer of the release was to fill when staging was built, so that they hold live's rows; NULL where that is
-- not known. An importer that is left out later has an empty table, which must not go live.
alter table pp_release.staging add column carried_over text[];

-- Tables of staging that an importer has written since: they hold live's rows no more. (A row of its own for each, so that
-- importers which run side by side do not wait for each other.)
create table pp_release.filled (
  release_id bigint not null,
  relation text not null,
  primary key (release_id, relation)
);

-- True where a table of staging holds live's rows still; NULL where that is not known.
create function pp_release.carried_over(p_table text) returns boolean
language sql stable as $$
  select p_table = any(s.carried_over)
         and not exists (select from pp_release.filled f where f.release_id = s.release_id and f.relation = p_table)
  from pp_release.staging s
$$;

-- The highest id that each release has given, by table. A release that was live and was rolled back leaves no generation once
-- its staging is built anew, and bookmarks made while it was live are there all the same.
create table pp_release.given_ids (
  release_id bigint not null,
  relation text not null,
  highest bigint not null,
  primary key (release_id, relation)
);

-- The highest id that any kept generation of a table uses (live and backups), or that a release which was live has given, so
-- that a new row never gets an id which an older generation, or a bookmark made while it was live, gives to another row. What
-- is in staging has been seen by nobody, and is no reason.
create or replace function pp_release.highest_id(p_table text, p_column text default 'id') returns bigint
language plpgsql stable as $$
declare
  generation regclass;
  highest bigint;
  found_id bigint;
begin
  select coalesce(max(g.highest), 0) into highest
  from pp_release.given_ids g join pp_release.generations using (release_id)
  where g.relation = p_table and p_column = 'id';
  for generation in
    select c.oid from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = p_column and not a.attisdropped -- a backup may be older
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and (c.relname = p_table or c.relname ~ ('^bk[0-9]{10}_' || p_table || '$'))
  loop
    execute format('select max(%I)::bigint from %s', p_column, generation) into found_id;
    highest := greatest(highest, coalesce(found_id, 0));
  end loop;
  return highest;
end $$;

-- Values of the portal that the staging views show as NULL because their columns cannot hold them; filled with the views.
create table pp_release.unusable_values (
  site_id bigint,
  site_pid text,
  column_name text not null,
  value text not null
);
