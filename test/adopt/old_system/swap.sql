-- The swap of the old system: names change places, and an index of the backup is called idx_ and eight hex digits.
do $$
declare name text; pair record;
begin
  foreach name in array array[{swapped}] loop
    create temp table indexes on commit drop as
      select l.relname as live, s.relname as staging, k.conname is not null as is_key
      from (select c.relname, i.indexrelid, row_number() over (partition by shape order by c.relname) as nth, shape from pg_index i join pg_class c on c.oid = i.indexrelid,
            regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* USING ', ' ') shape where i.indrelid = name::regclass) l
      join (select c.relname, row_number() over (partition by shape order by c.relname) as nth, shape from pg_index i join pg_class c on c.oid = i.indexrelid,
            regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* USING ', ' ') shape where i.indrelid = ('staging_' || name)::regclass) s using (shape, nth)
      left join pg_constraint k on k.conindid = l.indexrelid and k.contype = 'p';
    execute format('alter table %I rename to %I', name, 'bk{stamp}_' || name);
    execute format('alter table %I rename to %I', 'staging_' || name, name);
    for pair in select * from indexes loop
      execute format('alter index %I rename to %I', pair.live,
        case when pair.is_key then 'bk{stamp}_' || pair.live else 'idx_' || substr(md5('{stamp}' || pair.live), 1, 8) end);
      execute format('alter index %I rename to %I', pair.staging, pair.live);
    end loop;
    drop table indexes;
    if to_regclass(name || '_id_seq') is not null then
      execute format('alter sequence %I rename to %I', name || '_id_seq', 'bk{stamp}_' || name || '_id_seq');
      execute format('alter sequence %I rename to %I', 'staging_' || name || '_id_seq', name || '_id_seq');
    end if;
  end loop;
  for pair in
    select c.relname as live, array(select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid) as indexes
    from pg_class c where c.relkind = 'm' and c.relname = any (array[{views}])
  loop
    execute format('alter materialized view %I rename to %I', pair.live, 'bk{stamp}_' || pair.live);
    foreach name in array pair.indexes loop execute format('alter index %I rename to %I', name, 'bk{stamp}_' || name); end loop;
  end loop;
  for pair in
    select c.relname as staging, array(select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid) as indexes
    from pg_class c where c.relkind = 'm' and c.relname = any (select 'staging_' || unnest(array[{views}]))
  loop
    execute format('alter materialized view %I rename to %I', pair.staging, substr(pair.staging, 9));
    foreach name in array pair.indexes loop execute format('alter index %I rename to %I', name, substr(name, 9)); end loop;
  end loop;
end $$;
-- The downloads view goes with the others, by a step of its own.
alter view portal_downloads_protected_areas rename to bk{stamp}_portal_downloads_protected_areas;
