-- Up Migration
-- The highest id that any kept generation of a table uses (live, staging, backups), so that a new row never gets an id
-- which an older generation, or a bookmark made while it was live, gives to another row.
create function pp_release.highest_id(p_table text, p_column text default 'id') returns bigint
language plpgsql stable as $$
declare
  generation regclass;
  highest bigint := 0;
  found_id bigint;
begin
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

-- created_at and updated_at of an import take the release's start, so that a killed import run again gives the same rows.
create function pp_release.started_at() returns timestamp
language sql stable as $$ select current_setting('pp_release.started_at')::timestamp $$;

-- The release that an importer works for, and its cap of rows per view (PP_IMPORT_SAMPLE), as the importer's transaction
-- sets them.
create function pp_release.release_id() returns bigint
language sql stable as $$ select current_setting('pp_release.release_id')::bigint $$;

create function pp_release.sample() returns integer
language sql stable as $$ select coalesce(nullif(current_setting('pp_release.sample', true), '')::integer, 2147483647) $$;
