-- What depends on the relations $1 (oids) from outside, and how it is carried over a change of names: `before` runs while
-- the old names hold, `after` once the new ones do, `later` after COMMIT. `owner` may change it. Read under an empty
-- search_path. Definitions of views and rules are left out where $2 is false: PostgreSQL locks all that a view reads to tell its own.
with
rel as (
  select c.oid, c.relname, c.oid::regclass::text as target, c.reltype, t.typarray
  from pg_class c left join pg_type t on t.oid = c.reltype
  where c.oid = any ($1::oid[])
),
-- Depending on a table means depending on the table, on one of its columns, or on its row type.
dep as (
  select distinct d.classid, d.objid
  from pg_depend d join rel on d.refclassid = 'pg_class'::regclass and d.refobjid = rel.oid
  union
  select distinct d.classid, d.objid
  from pg_depend d join rel on d.refclassid = 'pg_type'::regclass and d.refobjid in (rel.reltype, rel.typarray)
)
-- Plain views follow the OID to the backup; made anew over the same names they read the new relations, and keep their own
-- OID, owner, grants, comments and triggers.
select 'view' as kind, v.oid::regclass::text as name, array[]::text[] as before,
       array[format('create or replace view %s%s as %s', v.oid::regclass,
                    ' with (' || array_to_string(v.reloptions, ', ') || ')', rtrim(case when $2 then pg_get_viewdef(v.oid) end, ';'))] as after,
       array[]::text[] as later, v.oid::regclass::text as locks, null::text as check_sql, null::text as check_message, v.relowner as owner
from dep join pg_rewrite w on dep.classid = 'pg_rewrite'::regclass and w.oid = dep.objid
join pg_class v on v.oid = w.ev_class and v.relkind = 'v' and w.rulename = '_RETURN'

union all -- rules of other relations
select 'rule', format('%s on %s', w.rulename, v.oid::regclass), '{}',
       array[regexp_replace(rtrim(case when $2 then pg_get_ruledef(w.oid) end, ';'), '^CREATE RULE', 'CREATE OR REPLACE RULE')], '{}',
       v.oid::regclass::text, null, null, v.relowner
from dep join pg_rewrite w on dep.classid = 'pg_rewrite'::regclass and w.oid = dep.objid and w.rulename <> '_RETURN'
join pg_class v on v.oid = w.ev_class
where v.oid not in (select oid from rel)

union all -- policies of other tables
select 'policy', format('%s on %s', p.polname, p.polrelid::regclass), '{}',
       array[format('alter policy %I on %s', p.polname, p.polrelid::regclass)
             || coalesce(' using (' || pg_get_expr(polqual, polrelid) || ')', '')
             || coalesce(' with check (' || pg_get_expr(polwithcheck, polrelid) || ')', '')], '{}',
       p.polrelid::regclass::text, null, null, (select relowner from pg_class where oid = p.polrelid)
from dep join pg_policy p on dep.classid = 'pg_policy'::regclass and p.oid = dep.objid
where p.polrelid not in (select oid from rel)

union all -- functions with an SQL body keep everything when they are replaced …
select 'function', f.oid::regprocedure::text, '{}', array[pg_get_functiondef(f.oid)], '{}', null, null, null, f.proowner
from (select distinct objid from dep where classid = 'pg_proc'::regclass) d
join pg_proc f on f.oid = d.objid
where not exists (select from rel where reltype = any (f.proargtypes::oid[] || f.prorettype || coalesce(f.proallargtypes, '{}'))
                     or typarray = any (f.proargtypes::oid[] || f.prorettype || coalesce(f.proallargtypes, '{}')))
union all -- … but one typed by the row type has to be dropped and made again
select 'function', f.oid::regprocedure::text, array[format('drop function %s', f.oid::regprocedure)],
       array[pg_get_functiondef(f.oid)]
       || array[format('alter function %s owner to %I', f.oid::regprocedure, r.rolname)]
       || coalesce((select array_agg(format('revoke all on function %s from %s', f.oid::regprocedure, coalesce(quote_ident(n.rolname), 'public')))
                    from (select distinct grantee from aclexplode(acldefault('f', f.proowner)) where f.proacl is not null) a
                    left join pg_roles n on n.oid = a.grantee), '{}')
       || coalesce((select array_agg(format('grant execute on function %s to %s%s', f.oid::regprocedure, coalesce(quote_ident(n.rolname), 'public'),
                                            case when a.is_grantable then ' with grant option' else '' end) order by nth)
                    from unnest(f.proacl) with ordinality i (item, nth), lateral aclexplode(array[item]) a
                    left join pg_roles n on n.oid = a.grantee), '{}')
       || coalesce((select array[format('comment on function %s is %L', f.oid::regprocedure, description)]
                    from pg_description where classoid = 'pg_proc'::regclass and objoid = f.oid), '{}'),
       '{}', null, null, null, f.proowner
from (select distinct objid from dep where classid = 'pg_proc'::regclass) d
join pg_proc f on f.oid = d.objid join pg_roles r on r.oid = f.proowner
where exists (select from rel where reltype = any (f.proargtypes::oid[] || f.prorettype || coalesce(f.proallargtypes, '{}'))
                 or typarray = any (f.proargtypes::oid[] || f.prorettype || coalesce(f.proallargtypes, '{}')))

union all -- foreign keys of tables that are not released
select 'foreign key', format('%s on %s', k.conname, k.conrelid::regclass),
       array[format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname)],
       array[format('alter table %s add constraint %I %s not valid', k.conrelid::regclass, k.conname,
                    regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''))]
       || coalesce((select array[format('comment on constraint %I on %s is %L', k.conname, k.conrelid::regclass, description)]
                    from pg_description where classoid = 'pg_constraint'::regclass and objoid = k.oid), '{}'),
       case when k.convalidated then array[format('alter table %s validate constraint %I', k.conrelid::regclass, k.conname)]
            else '{}' end,
       k.conrelid::regclass::text,
       case when k.convalidated then
         format('select count(*)::int as n, (array_agg(concat_ws(''/'', %s)))[1:5] as sample from %s r where %s and not exists (select from %s p where %s)',
                cols.referencing_list, k.conrelid::regclass, cols.not_null, rel.target, cols.joined) end,
       format('rows of %s refer to rows of %s that the new release no longer has (constraint %s)', k.conrelid::regclass, rel.target, k.conname),
       (select relowner from pg_class where oid = k.conrelid)
from pg_constraint k join rel on rel.oid = k.confrelid
cross join lateral (
  select string_agg(format('r.%I', a.attname), ', ' order by nth) as referencing_list,
         string_agg(format('r.%I is not null', a.attname), ' and ' order by nth) as not_null,
         string_agg(format('p.%I = r.%I', b.attname, a.attname), ' and ' order by nth) as joined
  from unnest(k.conkey, k.confkey) with ordinality u (here, there, nth)
  join pg_attribute a on a.attrelid = k.conrelid and a.attnum = here
  join pg_attribute b on b.attrelid = k.confrelid and b.attnum = there
) cols
where k.contype = 'f' and k.conrelid not in (select oid from rel) and k.conparentid = 0

union all -- publications
select 'publication', format('%I of %s', p.pubname, rel.target),
       array[format('alter publication %I drop table %s', p.pubname, rel.target)],
       array[format('alter publication %I add table %s', p.pubname, rel.target)
             || coalesce((select ' (' || string_agg(quote_ident(attname), ', ' order by attnum) || ')'
                          from pg_attribute where attrelid = rel.oid and attnum = any (pr.prattrs::int2[])), '')
             || coalesce(' where (' || pg_get_expr(pr.prqual, rel.oid) || ')', '')],
       '{}', null, null, null, p.pubowner
from pg_publication_rel pr join pg_publication p on p.oid = pr.prpubid join rel on rel.oid = pr.prrelid
order by kind, name
