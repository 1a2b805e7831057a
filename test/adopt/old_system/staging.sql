-- The staging tables of the old system: LIKE, a sequence that is integer whatever the key is, keys by the names of live. The nine other
-- tables have no twin.
do $$
declare name text; key record;
begin
  foreach name in array array[{swapped}] loop
    execute format('create table staging_%1$I (like %1$I including all)', name);
    if exists (select from pg_attribute where attrelid = name::regclass and attname = 'id' and not attisdropped) then
      execute format('create sequence staging_%s_id_seq as integer owned by staging_%I.id', name, name);
      execute format('alter table staging_%I alter column id set default nextval(''staging_%s_id_seq'')', name, name);
    end if;
  end loop;
  for key in
    select conname, conrelid::regclass::text as on_table, confrelid::regclass::text as to_table, pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'f' and conrelid::regclass::text = any (array[{swapped}])
  loop
    execute format('alter table staging_%s add constraint %I %s', key.on_table, key.conname,
      case when key.to_table = any (array[{swapped}]) then regexp_replace(key.definition, 'REFERENCES ', 'REFERENCES staging_') else key.definition end);
  end loop;
end $$;
