-- Up Migration
-- The relations of staging and of the backups, by name and OID. A relation that no release made is in none of these rows,
-- whatever it is called: it is never dropped, renamed or counted as a backup.
create table pp_release.made (
  generation text not null,             -- staging, the stamp of a backup, next and previous (twins of releases)
  live_name text not null,
  name text not null,
  oid oid not null,
  -- A dump that is restored gives every relation another OID. The name alone counts there: the database is another one.
  database oid not null,
  made_at timestamptz not null default clock_timestamp(),
  primary key (generation, live_name)
);

create function pp_release.this_database() returns oid
language sql stable as $$ select oid from pg_catalog.pg_database where datname = pg_catalog.current_database() $$;

-- Those that are still there under the name that they were given.
create view pp_release.ours as
select m.generation, m.live_name, m.name, c.oid, c.relkind
from pp_release.made m
join pg_catalog.pg_class c on c.relname = m.name and c.relnamespace = 'public'::regnamespace
where c.oid = m.oid or m.database <> pp_release.this_database();

-- What earlier versions made: backups by the map of their names, staging by its twin in live, if a release of ours ever ran.
insert into pp_release.made (generation, live_name, name, oid, database)
select b.stamp, b.live_name, b.backup_name, c.oid, pp_release.this_database()
from pp_release.backup_names b
join pg_class c on c.relname = b.backup_name and c.relnamespace = 'public'::regnamespace
where b.kind in ('table', 'materialized view');

insert into pp_release.made (generation, live_name, name, oid, database)
select s.stamp, substr(c.relname, 14), c.relname, c.oid, pp_release.this_database()
from (select distinct stamp from pp_release.backup_names) s
join pg_class c on c.relkind = 'v' and c.relnamespace = 'public'::regnamespace and starts_with(c.relname, 'bk' || s.stamp || '_')
where c.relowner = current_user::regrole
on conflict do nothing;

insert into pp_release.made (generation, live_name, name, oid, database)
select 'staging', live.relname, c.relname, c.oid, pp_release.this_database()
from pg_class live
join pg_class c on c.relname = 'staging_' || live.relname and c.relnamespace = live.relnamespace
               and c.relkind = live.relkind and c.relowner = live.relowner
where live.relnamespace = 'public'::regnamespace and live.relkind in ('r', 'm')
  and exists (select from releases where workflow_id is not null);

-- The highest id that any kept generation of a table (live, backups) uses.
create or replace function pp_release.highest_id(p_table text, p_column text default 'id') returns bigint
language plpgsql stable as $$
declare
  kept regclass;
  highest bigint := 0;
  found_id bigint;
begin
  for kept in
    select c.oid from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = p_column and not a.attisdropped -- a backup may be older
    where c.relkind in ('r', 'p')
      and (c.oid = to_regclass('public.' || quote_ident(p_table))
           or c.oid in (select o.oid from pp_release.ours o
                        where o.live_name = p_table and o.generation not in ('staging', 'next', 'previous')))
  loop
    execute format('select max(%I)::bigint from %s', p_column, kept) into found_id;
    highest := greatest(highest, coalesce(found_id, 0));
  end loop;
  return highest;
end $$;
