-- The indexes, keys and statistics of the live tables, one after the other.
set maintenance_work_mem = '256MB';
do $$
declare statement text;
begin
  for statement in
    select regexp_replace(pg_get_indexdef(i.indexrelid), ' ON public\.', ' ON next.')
    from pg_index i join pg_class t on t.oid = i.indrelid
    where t.relnamespace = 'public'::regnamespace and to_regclass('next.' || t.relname) is not null and not i.indisprimary
    union all
    select format('alter table next.%I add %s', t.relname, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_class t on t.oid = k.conrelid
    where k.contype = 'p' and t.relnamespace = 'public'::regnamespace and to_regclass('next.' || t.relname) is not null
  loop
    execute statement;
  end loop;
  for statement in
    select format('alter table next.%I add %s', t.relname,
                  replace(pg_get_constraintdef(k.oid), ' REFERENCES ', ' REFERENCES next.'))
    from pg_constraint k join pg_class t on t.oid = k.conrelid
    where k.contype = 'f' and t.relnamespace = 'public'::regnamespace and to_regclass('next.' || t.relname) is not null
  loop
    execute statement;
  end loop;
  for statement in select format('analyze next.%I', relname) from pg_class where relnamespace = 'next'::regnamespace and relkind = 'r'
  loop
    execute statement;
  end loop;
end $$;
