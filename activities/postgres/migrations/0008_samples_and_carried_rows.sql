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

comment on function pp_release.highest_id(text, text) is
  'The highest id that any kept generation of a table (live, backups) uses. What a release gave that was rolled back, and is not kept any more, is free: the same portal gives the same ids.';

-- Values of the portal that the staging views show as NULL because their columns cannot hold them; filled with the views.
create table pp_release.unusable_values (
  site_id bigint,
  site_pid text,
  column_name text not null,
  value text not null
);
