-- What stands in the way of carrying the relations $1 (oids), by name: each row is one reason, with the statement that mends it where there is one.
with
rel as (
  select c.*, c.oid::regclass::text as target, t.typarray
  from pg_class c left join pg_type t on t.oid = c.reltype
  where c.oid = any ($1::oid[])
),
dep as (
  select distinct d.classid, d.objid, d.objsubid
  from pg_depend d
  join rel on (d.refclassid = 'pg_class'::regclass and d.refobjid = rel.oid)
           or (d.refclassid = 'pg_type'::regclass and d.refobjid in (rel.reltype, rel.typarray))
  where d.deptype in ('n', 'a', 'e', 'P', 'S')
)
select format('%s is a partition, a partitioned table, or has a parent or children', target) as reason, null as remedy
from rel where relkind = 'p' or relispartition or exists (select from pg_inherits i where rel.oid in (i.inhrelid, i.inhparent))
union all
select format('%s has a security label of provider %s', rel.target, s.provider), null
from rel join pg_seclabel s on s.classoid = 'pg_class'::regclass and s.objoid = rel.oid
union all
select format('a right on %s was granted by %s, who is not its owner', target, a.grantor::regrole), null
from rel, lateral (select distinct grantor from aclexplode(relacl)) a where a.grantor <> relowner
union all
select format('%s, which has the row type of a released table', pg_describe_object(dep.classid, dep.objid, dep.objsubid)), null
from dep where dep.classid = 'pg_class'::regclass and dep.objsubid > 0
  and dep.objid not in (select oid from rel)
  and not exists (select from pg_class c where c.oid = dep.objid and c.relkind in ('v', 'm', 'S', 'i', 't'))
union all
select format('%s, which depends on a released table in a way that cannot be carried over', pg_describe_object(dep.classid, dep.objid, dep.objsubid)), null
from dep
where dep.classid not in ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass, 'pg_constraint'::regclass,
                          'pg_publication_rel'::regclass, 'pg_trigger'::regclass, 'pg_attrdef'::regclass,
                          'pg_statistic_ext'::regclass)
  and not (dep.classid = 'pg_class'::regclass and (dep.objsubid > 0 or exists (
        select from pg_class c where c.oid = dep.objid and c.relkind in ('i', 'I', 'S', 't'))))
  and not (dep.classid = 'pg_type'::regclass and dep.objid in (select reltype from rel union select typarray from rel))
union all
select format('foreign key %s on partitioned table %s', k.conname, k.conrelid::regclass), null
from pg_constraint k join rel on rel.oid = k.confrelid join pg_class c on c.oid = k.conrelid
where k.contype = 'f' and c.relkind = 'p'
union all
select format('view %s, whose column %s has the row type of a released table', v.oid::regclass, a.attname), null
from rel join pg_attribute a on a.atttypid in (rel.reltype, rel.typarray) and a.attnum > 0 and not a.attisdropped
join pg_class v on v.oid = a.attrelid and v.relkind in ('v', 'm')
union all
select format('materialized view %s, which reads released relations from another schema than public', v.oid::regclass),
       format('alter materialized view %s set schema public', v.oid::regclass)
from dep join pg_rewrite w on dep.classid = 'pg_rewrite'::regclass and w.oid = dep.objid
join pg_class v on v.oid = w.ev_class and v.relkind = 'm' and v.relnamespace <> 'public'::regnamespace
where v.oid not in (select oid from rel)
order by 1
