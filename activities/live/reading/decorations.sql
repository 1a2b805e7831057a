-- Every property of the relations $1 (oids of tables, materialized views and their sequences) besides rows and columns,
-- each as the statement that gives a relation this property and the one that takes it away. Read under an empty
-- search_path, so that all names are qualified. Order counts: what is needed first comes first.
with
rel as (
  select c.*, c.oid::regclass::text as target, n.rolname as owner,
         case c.relkind when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end as word
  from pg_class c join pg_roles n on n.oid = c.relowner
  where c.oid = any ($1::oid[])
),
grantee as (
  select oid, quote_ident(rolname) as name from pg_roles union all select 0, 'public'
),
idx as (
  select rel.oid as rel_oid, rel.target, i.*, c.relname as name, c.reltablespace,
         case when i.indisunique then 'unique ' else '' end as is_unique,
         regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .*? ON (ONLY )?.*? USING ', 'using ') as tail,
         k.conname, pg_get_constraintdef(k.oid) as constraint_def
  from rel
  join pg_index i on i.indrelid = rel.oid and i.indisvalid
  join pg_class c on c.oid = i.indexrelid
  left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
)
select oid::text, kind, id, apply, remove from (
  -- 1 who owns it
  select 1 as place, 0::bigint as nth, oid, 'owner' as kind, 'owner' as id,
         format('alter table %s owner to %I', target, owner) as apply, null::text as remove
  from rel where relkind <> 'S'

  union all -- 2 storage: access method, logged or not, tablespace, options of the table and of its toast table
  select 2, 0, rel.oid, 'access method', 'access method', format('alter table %s set access method %I', target, amname), null
  from rel join pg_am a on a.oid = rel.relam
  union all
  select 2, 1, oid, 'persistence', 'persistence',
         format('alter table %s set %s', target, case relpersistence when 'u' then 'unlogged' else 'logged' end), null
  from rel where relkind = 'r'
  union all
  select 2, 2, rel.oid, 'tablespace', 'tablespace',
         format('alter table %s set tablespace %I', target, coalesce(t.spcname, 'pg_default')), null
  from rel left join pg_tablespace t on t.oid = rel.reltablespace where relkind <> 'S'
  union all
  select 3, nth, oid, 'option', 'option ' || split_part(o, '=', 1),
         format('alter table %s set (%s = %L)', target, split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)),
         format('alter table %s reset (%s)', target, split_part(o, '=', 1))
  from rel, unnest(reloptions) with ordinality u (o, nth) where relkind <> 'S'
  union all
  select 3, 1000 + nth, rel.oid, 'option', 'option toast.' || split_part(o, '=', 1),
         format('alter table %s set (toast.%s = %L)', target, split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)),
         format('alter table %s reset (toast.%s)', target, split_part(o, '=', 1))
  from rel join pg_class t on t.oid = rel.reltoastrelid, unnest(t.reloptions) with ordinality u (o, nth)

  union all -- 3 columns: statistics target, options such as n_distinct, storage, compression
  select 3, attnum, rel.oid, 'column statistics', 'column statistics ' || attname,
         format('alter table %s alter column %I set statistics %s', target, attname, attstattarget),
         format('alter table %s alter column %I set statistics -1', target, attname)
  from rel join pg_attribute a on a.attrelid = rel.oid
  where attnum > 0 and not attisdropped and attstattarget >= 0 and relkind <> 'S'
  union all
  select 3, attnum, rel.oid, 'column option', format('column option %s.%s', attname, split_part(o, '=', 1)),
         format('alter table %s alter column %I set (%s)', target, attname, o),
         format('alter table %s alter column %I reset (%s)', target, attname, split_part(o, '=', 1))
  from rel join pg_attribute a on a.attrelid = rel.oid, unnest(attoptions) o
  where attnum > 0 and not attisdropped
  union all
  select 3, attnum, rel.oid, 'column storage', 'column storage ' || attname,
         format('alter table %s alter column %I set storage %s', target, attname,
                case attstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end), null
  from rel join pg_attribute a on a.attrelid = rel.oid join pg_type t on t.oid = a.atttypid
  where attnum > 0 and not attisdropped and attlen = -1 and relkind <> 'S'
  union all
  select 3, attnum, rel.oid, 'column compression', 'column compression ' || attname,
         format('alter table %s alter column %I set compression %s', target, attname,
                case attcompression when 'p' then 'pglz' when 'l' then 'lz4' else 'default' end), null
  from rel join pg_attribute a on a.attrelid = rel.oid
  where attnum > 0 and not attisdropped and attlen = -1 and relkind <> 'S'

  union all -- 4 checks (a NOT VALID one is copied as a valid one by LIKE)
  select 4, k.oid::bigint, rel.oid, 'check', 'check ' || conname,
         format('alter table %s add constraint %I %s', target, conname, pg_get_constraintdef(k.oid)),
         format('alter table %s drop constraint %I', target, conname)
  from rel join pg_constraint k on k.conrelid = rel.oid and k.contype = 'c'

  union all -- 5 indexes, and the constraints that they serve
  select 5, indexrelid::bigint, rel_oid, 'index', 'index ' || name,
         case when conname is not null then format('alter table %s add constraint :{%s} %s', target, name, constraint_def)
              else format('create %sindex :{%s} on %s %s', is_unique, name, target, tail) end,
         case when conname is null then format('drop index public.%I', name)
              else format('alter table %s drop constraint :{%s}', target, name) end
  from idx
  union all
  select 6, indexrelid::bigint, rel_oid, 'index tablespace', 'index tablespace ' || name,
         format('alter index public.%I set tablespace %I', name, coalesce(t.spcname, 'pg_default')), null
  from idx left join pg_tablespace t on t.oid = idx.reltablespace
  union all
  select 6, indexrelid::bigint, rel_oid, 'index statistics', format('index statistics %s.%s', name, a.attnum),
         format('alter index public.%I alter column %s set statistics %s', name, a.attnum, a.attstattarget),
         format('alter index public.%I alter column %s set statistics -1', name, a.attnum)
  from idx join pg_attribute a on a.attrelid = idx.indexrelid and a.attstattarget >= 0
  union all
  select 6, indexrelid::bigint, rel_oid, 'cluster', 'cluster', format('alter table %s cluster on :{%s}', target, name),
         format('alter table %s set without cluster', target)
  from idx where indisclustered
  union all
  select 6, 0, rel.oid, 'replica identity', 'replica identity',
         format('alter table %s replica identity %s', target,
                case relreplident when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full'
                     else format('using index :{%s}', (select name from idx where idx.rel_oid = rel.oid and indisreplident)) end),
         null
  from rel where relkind = 'r'

  union all -- 7 foreign keys that start here
  select 7, k.oid::bigint, rel.oid, 'foreign key', 'foreign key ' || conname,
         format('alter table %s add constraint %I %s', target, conname, pg_get_constraintdef(k.oid)),
         format('alter table %s drop constraint %I', target, conname)
  from rel join pg_constraint k on k.conrelid = rel.oid and k.contype = 'f'

  union all -- 8 extended statistics
  select 8, s.oid::bigint, rel.oid, 'statistics', 'statistics ' || stxname, pg_get_statisticsobjdef(s.oid),
         format('drop statistics public.%I', stxname)
  from rel join pg_statistic_ext s on s.stxrelid = rel.oid
  union all
  select 9, s.oid::bigint, rel.oid, 'statistics target', 'statistics target ' || stxname,
         format('alter statistics public.%I set statistics %s', stxname, stxstattarget), null
  from rel join pg_statistic_ext s on s.stxrelid = rel.oid where stxstattarget >= 0
  union all
  select 9, s.oid::bigint, rel.oid, 'statistics owner', 'statistics owner ' || stxname,
         format('alter statistics public.%I owner to %I', stxname, r.rolname), null
  from rel join pg_statistic_ext s on s.stxrelid = rel.oid join pg_roles r on r.oid = s.stxowner

  union all -- 9 sequences
  select 9, 0, rel.oid, 'sequence options', 'sequence options ' || relname,
         format('alter sequence %s as %s increment %s minvalue %s maxvalue %s start %s cache %s %s', target,
                format_type(seqtypid, null), seqincrement, seqmin, seqmax, seqstart, seqcache,
                case when seqcycle then 'cycle' else 'no cycle' end), null
  from rel join pg_sequence q on q.seqrelid = rel.oid

  union all -- 10 row-level security
  select 10, 0, oid, 'row security', 'row security', format('alter table %s enable row level security', target),
         format('alter table %s disable row level security', target)
  from rel where relrowsecurity
  union all
  select 10, 1, oid, 'row security', 'forced row security', format('alter table %s force row level security', target),
         format('alter table %s no force row level security', target)
  from rel where relforcerowsecurity
  union all
  select 10, p.oid::bigint, rel.oid, 'policy', 'policy ' || polname,
         format('create policy %I on %s as %s for %s to %s', polname, target,
                case when polpermissive then 'permissive' else 'restrictive' end,
                case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
                (select string_agg(g.name, ', ' order by g.name) from grantee g where g.oid = any (polroles)))
           || coalesce(' using (' || pg_get_expr(polqual, polrelid) || ')', '')
           || coalesce(' with check (' || pg_get_expr(polwithcheck, polrelid) || ')', ''),
         format('drop policy %I on %s', polname, target)
  from rel join pg_policy p on p.polrelid = rel.oid

  union all -- 11 rules and triggers
  select 11, w.oid::bigint, rel.oid, 'rule', 'rule ' || rulename,
         rtrim(pg_get_ruledef(w.oid), ';'), format('drop rule %I on %s', rulename, target)
  from rel join pg_rewrite w on w.ev_class = rel.oid and w.rulename <> '_RETURN'
  union all
  select 11, w.oid::bigint, rel.oid, 'rule state', 'rule state ' || rulename,
         format('alter table %s %s rule %I', target,
                case ev_enabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, rulename),
         format('alter table %s enable rule %I', target, rulename)
  from rel join pg_rewrite w on w.ev_class = rel.oid and w.rulename <> '_RETURN' and ev_enabled <> 'O'
  union all
  select 11, t.oid::bigint, rel.oid, 'trigger', 'trigger ' || tgname, pg_get_triggerdef(t.oid),
         format('drop trigger %I on %s', tgname, target)
  from rel join pg_trigger t on t.tgrelid = rel.oid and not tgisinternal
  union all
  select 12, t.oid::bigint, rel.oid, 'trigger state', 'trigger state ' || tgname,
         format('alter table %s %s trigger %I', target,
                case tgenabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, tgname),
         format('alter table %s enable trigger %I', target, tgname)
  from rel join pg_trigger t on t.tgrelid = rel.oid and not tgisinternal and tgenabled <> 'O'

  union all -- 13 comments
  select 13, d.objsubid, rel.oid, 'comment', concat_ws(' ', 'comment', case when relkind = 'S' then relname end, a.attname),
         format('comment on %s %s is %L', case when d.objsubid = 0 then word else 'column' end,
                target || coalesce('.' || quote_ident(a.attname), ''), description),
         format('comment on %s %s is null', case when d.objsubid = 0 then word else 'column' end,
                target || coalesce('.' || quote_ident(a.attname), ''))
  from rel join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = rel.oid
  left join pg_attribute a on a.attrelid = rel.oid and a.attnum = d.objsubid and d.objsubid > 0
  union all
  select 13, 0, rel_oid, 'comment', 'comment index ' || name, format('comment on index public.%I is %L', name, description),
         format('comment on index public.%I is null', name)
  from idx join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = indexrelid and d.objsubid = 0
  union all
  select 13, 0, rel.oid, 'comment', 'comment constraint ' || conname,
         format('comment on constraint %s on %s is %L',
                case when k.contype in ('p', 'u', 'x') then format(':{%s}', conname) else quote_ident(conname) end, target, description),
         format('comment on constraint %s on %s is null',
                case when k.contype in ('p', 'u', 'x') then format(':{%s}', conname) else quote_ident(conname) end, target)
  from rel join pg_constraint k on k.conrelid = rel.oid
  join pg_description d on d.classoid = 'pg_constraint'::regclass and d.objoid = k.oid
  union all
  select 13, 0, rel.oid, 'comment', 'comment trigger ' || tgname, format('comment on trigger %I on %s is %L', tgname, target, description),
         format('comment on trigger %I on %s is null', tgname, target)
  from rel join pg_trigger t on t.tgrelid = rel.oid join pg_description d on d.classoid = 'pg_trigger'::regclass and d.objoid = t.oid
  union all
  select 13, 0, rel.oid, 'comment', 'comment policy ' || polname, format('comment on policy %I on %s is %L', polname, target, description),
         format('comment on policy %I on %s is null', polname, target)
  from rel join pg_policy p on p.polrelid = rel.oid join pg_description d on d.classoid = 'pg_policy'::regclass and d.objoid = p.oid
  union all
  select 13, 0, rel.oid, 'comment', 'comment rule ' || rulename, format('comment on rule %I on %s is %L', rulename, target, description),
         format('comment on rule %I on %s is null', rulename, target)
  from rel join pg_rewrite w on w.ev_class = rel.oid and w.rulename <> '_RETURN'
  join pg_description d on d.classoid = 'pg_rewrite'::regclass and d.objoid = w.oid
  union all
  select 13, 0, rel.oid, 'comment', 'comment statistics ' || stxname, format('comment on statistics public.%I is %L', stxname, description),
         format('comment on statistics public.%I is null', stxname)
  from rel join pg_statistic_ext s on s.stxrelid = rel.oid
  join pg_description d on d.classoid = 'pg_statistic_ext'::regclass and d.objoid = s.oid

  union all -- 14 grants, in the order in which they were given
  select 14, acl.nth, rel.oid, 'grant', concat_ws(' ', 'grant', case when relkind = 'S' then relname end, g.name, a.privilege_type),
         format('grant %s on %s %s to %s%s', lower(a.privilege_type), case relkind when 'S' then 'sequence' else 'table' end, target,
                g.name, case when a.is_grantable then ' with grant option' else '' end),
         format('revoke %s on %s %s from %s', lower(a.privilege_type), case relkind when 'S' then 'sequence' else 'table' end, target, g.name)
  from rel
  cross join lateral unnest(coalesce(relacl, acldefault((case relkind when 'S' then 's' else 'r' end)::"char", relowner)))
    with ordinality acl (item, nth)
  cross join lateral aclexplode(array[acl.item]) a
  join grantee g on g.oid = a.grantee
  union all
  select 15, att.attnum * 1000 + acl.nth, rel.oid, 'grant', format('grant %s %s (%s)', g.name, a.privilege_type, att.attname),
         format('grant %s (%I) on table %s to %s%s', lower(a.privilege_type), att.attname, target, g.name,
                case when a.is_grantable then ' with grant option' else '' end),
         format('revoke %s (%I) on table %s from %s', lower(a.privilege_type), att.attname, target, g.name)
  from rel join pg_attribute att on att.attrelid = rel.oid and att.attnum > 0 and not att.attisdropped
  cross join lateral unnest(att.attacl) with ordinality acl (item, nth)
  cross join lateral aclexplode(array[acl.item]) a
  join grantee g on g.oid = a.grantee
) decorations
order by place, nth, id
