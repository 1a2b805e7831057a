-- Sources, and the lookups: each name once.
begin;
set local search_path = next, public;
set local work_mem = '256MB';
set local jit = off;

insert into sources
select row_number() over (order by metadataid, index_id), metadataid, data_title, resp_party, null, catalog_year(year),
       catalog_year(update_yr), language, char_set, ref_system, scale, verifier, lineage, citation, disclaimer, now(), now()
from staging_portal_standard_sources;

-- Attributes without the geometry, which joins last. One key in both views keeps the polygon's attributes.
create temp table incoming as
select row_number() over (order by site_id, site_pid) as row_no, published.*
from (
  select 'polygons' as view, site_id, site_pid, site_type, name_eng, name, desig_eng, desig_type, iucn_cat, int_crit, realm,
         rep_m_area, gis_m_area, rep_area, gis_area, no_take, no_tk_area, status, status_yr, gov_type, govsubtype, own_type,
         ownsubtype, mang_auth, mang_plan, verif, metadataid, prnt_iso3, iso3, supp_info, cons_obj, inlnd_wtrs, oecm_asmt
  from staging_portal_standard_polygons where site_type is not null
  union all
  select 'points', site_id, site_pid, site_type, name_eng, name, desig_eng, desig_type, iucn_cat, int_crit, realm,
         rep_m_area, null, rep_area, null, no_take, no_tk_area, status, status_yr, gov_type, govsubtype, own_type,
         ownsubtype, mang_auth, mang_plan, verif, metadataid, prnt_iso3, iso3, supp_info, cons_obj, inlnd_wtrs, oecm_asmt
  from staging_portal_standard_points p
  where site_type is not null and not exists (
    select from staging_portal_standard_polygons o where o.site_id = p.site_id and o.site_pid = p.site_pid)
) published;
analyze incoming;

insert into legal_statuses
select row_number() over (order by name), name, now(), now()
from (select distinct status as name from incoming where status <> '') names;
insert into iucn_categories
select row_number() over (order by name), name, now(), now()
from (select distinct iucn_cat as name from incoming where iucn_cat <> '') names;
insert into management_authorities
select row_number() over (order by name), name, now(), now()
from (select distinct mang_auth as name from incoming where mang_auth <> '') names;
insert into realms
select row_number() over (order by name), name, now(), now()
from (select distinct realm as name from incoming where realm <> '') names;
insert into jurisdictions
select row_number() over (order by name), name, now(), now()
from (select distinct desig_type as name from incoming where desig_type <> '') names;
insert into governances
select row_number() over (order by name), name,
       case when name like '%ministry or agency' or name like 'Government%' then 'A' when name like '% governance' then 'B'
            when name in ('Indigenous peoples', 'Local communities') then 'D' when name <> 'Not Reported' then 'C' end,
       now(), now()
from (select distinct gov_type as name from incoming where gov_type <> '') names;
insert into designations
select row_number() over (order by name, jurisdiction_id), name, jurisdiction_id, now(), now()
from (
  select distinct i.desig_eng as name, j.id as jurisdiction_id
  from incoming i left join jurisdictions j on j.name = i.desig_type where i.desig_eng <> ''
) names;
commit;
