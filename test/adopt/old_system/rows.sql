-- What one release of the old system has filled, from the views of the same release. `{to}` is the prefix of its tables and views,
-- `{month}` its number: ids are given anew by each release, in another order, as sequences gave them. A value that the portal lacks
-- is '' or 0, and its lookup is the row without a name; a designation without a type stands under the jurisdiction ''.
create temp table portal_rows on commit drop as
select row_number() over (order by site_id, site_pid, shape) as row_no, p.* from (
  select 'polygon' as shape, site_id, site_pid, site_type, name, desig_eng, desig_type, iucn_cat, int_crit, realm, rep_m_area, gis_m_area, rep_area,
         gis_area, no_take, no_tk_area, status, status_yr, gov_type, govsubtype, own_type, ownsubtype, mang_auth, mang_plan, verif, metadataid,
         prnt_iso3, iso3, supp_info, cons_obj, inlnd_wtrs, oecm_asmt, wkb_geometry
  from {to}portal_standard_polygons
  union all
  select 'point', site_id, site_pid, site_type, name, desig_eng, desig_type, iucn_cat, int_crit, realm, rep_m_area, 0, rep_area,
         0, no_take, no_tk_area, status, status_yr, gov_type, govsubtype, own_type, ownsubtype, mang_auth, mang_plan, verif, metadataid,
         prnt_iso3, iso3, supp_info, cons_obj, inlnd_wtrs, oecm_asmt, wkb_geometry
  from {to}portal_standard_points
) p
where site_id % 23 <> {month};

-- Lookups are no part of a release there: new rows hit live at once.
insert into jurisdictions (name, created_at, updated_at)
select distinct coalesce(desig_type, ''), now(), now() from portal_rows where coalesce(desig_type, '') not in (select name from jurisdictions);
insert into designations (name, jurisdiction_id, created_at, updated_at)
select distinct coalesce(p.desig_eng, ''), j.id, now(), now() from portal_rows p join jurisdictions j on j.name = coalesce(p.desig_type, '')
where not exists (select from designations d where d.name = coalesce(p.desig_eng, '') and d.jurisdiction_id = j.id);
insert into legal_statuses (name, created_at, updated_at)
select distinct coalesce(status, ''), now(), now() from portal_rows where coalesce(status, '') not in (select name from legal_statuses);
insert into iucn_categories (name, created_at, updated_at)
select distinct coalesce(iucn_cat, ''), now(), now() from portal_rows where coalesce(iucn_cat, '') not in (select name from iucn_categories);
insert into governances (name, governance_type, created_at, updated_at)
select distinct coalesce(gov_type, ''), null, now(), now() from portal_rows where coalesce(gov_type, '') not in (select name from governances);
insert into management_authorities (name, created_at, updated_at)
select distinct coalesce(mang_auth, ''), now(), now() from portal_rows where coalesce(mang_auth, '') not in (select name from management_authorities);
insert into realms (name, created_at, updated_at)
select distinct realm, now(), now() from portal_rows where realm is not null and realm not in (select name from realms);
insert into pame_methods (name, created_at, updated_at)
select distinct method, now(), now() from {to}portal_standard_pame where method is not null and method not in (select name from pame_methods);

insert into {to}sources (title, responsible_party, responsible_email, year, update_year, language, character_set, reference_system, scale,
                         verifier, lineage, citation, disclaimer, metadataid, created_at, updated_at)
select coalesce(data_title, ''), coalesce(resp_party, ''), '', case when year ~ '^[0-9]{4}$' then make_date(year::int, 1, 1) end,
       case when update_yr ~ '^[0-9]{4}$' then make_date(update_yr::int, 1, 1) end, coalesce(language, ''), coalesce(char_set, ''),
       coalesce(ref_system, ''), coalesce(scale, ''), coalesce(verifier, ''), coalesce(lineage, ''), coalesce(citation, ''),
       coalesce(disclaimer, ''), metadataid, now(), now()
from {to}portal_standard_sources order by md5(index_id || '{month}');

create temp table resolved on commit drop as
select p.*, d.id as designation_id, l.id as legal_status_id, i.id as iucn_category_id, g.id as governance_id, m.id as management_authority_id,
       r.id as realm_id,
       row_number() over (partition by p.site_id order by p.site_pid, p.shape) = 1 as is_site,
       -- A site of one piece has no parcel of its own in the old system's eyes either; each piece of several is one.
       count(*) over (partition by p.site_id) > 1 as has_parcels
from portal_rows p
join jurisdictions j on j.name = coalesce(p.desig_type, '')
join designations d on d.name = coalesce(p.desig_eng, '') and d.jurisdiction_id = j.id
join legal_statuses l on l.name = coalesce(p.status, '')
join iucn_categories i on i.name = coalesce(p.iucn_cat, '')
join governances g on g.name = coalesce(p.gov_type, '')
join management_authorities m on m.name = coalesce(p.mang_auth, '')
left join realms r on r.name = p.realm;

insert into {to}no_take_statuses (name, area, created_at, updated_at)
select coalesce(no_take, ''), coalesce(no_tk_area, 0), now(), now() from resolved where is_site order by md5(site_id || '{month}');
create temp table no_takes on commit drop as
select s.site_id, n.id from (select site_id, row_number() over (order by md5(site_id || '{month}')) as nth from resolved where is_site) s
join (select id, row_number() over (order by id) as nth from {to}no_take_statuses) n using (nth);

insert into {to}green_list_statuses (gl_status, gl_expiry, gl_link, created_at, updated_at)
select coalesce(gl_status, ''), case when gl_expiry between 1000 and 9999 then make_date(gl_expiry, 12, 31) end, coalesce(gl_link, ''), now(), now()
from {to}portal_standard_greenlist order by md5(id || '{month}');

insert into {to}protected_areas (created_at, updated_at, the_geom, wdpa_id, name, original_name, marine, reported_marine_area, reported_area,
  gis_area, gis_marine_area, legal_status_id, legal_status_updated_at, iucn_category_id, governance_id, management_plan,
  management_authority_id, international_criteria, no_take_status_id, designation_id, slug, the_geom_longitude, the_geom_latitude, owner_type,
  is_oecm, supplementary_info, conservation_objectives, marine_type, verif, parent_iso3, wdpa_pid, site_id, site_pid, governance_subtype,
  inland_waters, ownership_subtype, oecm_assessment, site_type, realm_id)
select now(), now(), wkb_geometry, site_id, coalesce(name, ''), coalesce(name, ''), coalesce(lower(realm), '') in ('marine', 'coastal'),
       coalesce(rep_m_area, 0), coalesce(rep_area, 0), coalesce(gis_area, 0), coalesce(gis_m_area, 0), legal_status_id,
       case when status_yr between 1 and 9999 then make_date(status_yr, 1, 1) end, iucn_category_id, governance_id, coalesce(mang_plan, ''),
       management_authority_id, coalesce(int_crit, ''), n.id, designation_id, lower(regexp_replace(coalesce(name, ''), '[^A-Za-z0-9]+', '-', 'g')),
       st_x(st_centroid(wkb_geometry))::varchar, st_y(st_centroid(wkb_geometry))::varchar, coalesce(own_type, ''), lower(site_type) = 'oecm',
       coalesce(supp_info, ''), coalesce(cons_obj, ''), case lower(realm) when 'coastal' then 1 when 'marine' then 2 else 0 end, coalesce(verif, ''),
       coalesce(prnt_iso3, ''), site_pid, site_id, site_pid, coalesce(govsubtype, ''), coalesce(inlnd_wtrs, ''), coalesce(ownsubtype, ''),
       coalesce(oecm_asmt, ''), site_type, realm_id
from resolved left join no_takes n using (site_id) where is_site order by md5(site_id || '{month}');

insert into {to}protected_area_parcels (created_at, updated_at, wdpa_id, wdpa_pid, name, original_name, marine, reported_marine_area, reported_area,
  gis_area, gis_marine_area, owner_type, governance_id, designation_id, management_plan, legal_status_id, iucn_category_id, slug, is_oecm,
  marine_type, verif, parent_iso3, international_criteria, supplementary_info, conservation_objectives, legal_status_updated_at,
  management_authority_id, site_id, site_pid, governance_subtype, inland_waters, ownership_subtype, oecm_assessment, site_type, realm_id, the_geom,
  the_geom_longitude, the_geom_latitude)
select now(), now(), site_id, site_pid, coalesce(name, ''), coalesce(name, ''), coalesce(lower(realm), '') in ('marine', 'coastal'),
       coalesce(rep_m_area, 0), coalesce(rep_area, 0), coalesce(gis_area, 0), coalesce(gis_m_area, 0), coalesce(own_type, ''), governance_id,
       designation_id, coalesce(mang_plan, ''), legal_status_id, iucn_category_id,
       lower(regexp_replace(coalesce(name, ''), '[^A-Za-z0-9]+', '-', 'g')), lower(site_type) = 'oecm',
       case lower(realm) when 'coastal' then 1 when 'marine' then 2 else 0 end, coalesce(verif, ''), coalesce(prnt_iso3, ''), coalesce(int_crit, ''),
       coalesce(supp_info, ''), coalesce(cons_obj, ''), case when status_yr between 1 and 9999 then make_date(status_yr, 1, 1) end,
       management_authority_id, site_id, site_pid, coalesce(govsubtype, ''), coalesce(inlnd_wtrs, ''), coalesce(ownsubtype, ''),
       coalesce(oecm_asmt, ''), site_type, realm_id, wkb_geometry, st_x(st_centroid(wkb_geometry))::varchar, st_y(st_centroid(wkb_geometry))::varchar
from (select distinct on (site_id, site_pid) * from resolved where has_parcels order by site_id, site_pid, shape) piece
order by md5(site_id || site_pid || '{month}');

insert into {to}countries_protected_areas (protected_area_id, country_id)
select a.id, c.id from resolved r join {to}protected_areas a using (site_id)
join lateral regexp_split_to_table(r.iso3, ';') code on true join countries c on c.iso_3 = code where r.is_site;
insert into {to}countries_protected_area_parcels (protected_area_parcel_id, country_id)
select distinct a.id, c.id from resolved r join {to}protected_area_parcels a using (site_id, site_pid)
join lateral regexp_split_to_table(r.iso3, ';') code on true join countries c on c.iso_3 = code;
insert into {to}protected_areas_sources (protected_area_id, source_id)
select a.id, s.id from resolved r join {to}protected_areas a using (site_id)
join lateral (select min(id) as id from {to}sources where metadataid = r.metadataid) s on s.id is not null where r.is_site;
insert into {to}protected_area_parcels_sources (protected_area_parcel_id, source_id)
select distinct a.id, s.id from resolved r join {to}protected_area_parcels a using (site_id, site_pid)
join lateral (select min(id) as id from {to}sources where metadataid = r.metadataid) s on s.id is not null;

insert into {to}pame_sources (data_title, resp_party, year, language, created_at, updated_at)
select coalesce(data_title, ''), coalesce(resp_party, ''), year, coalesce(language, ''), now(), now() from {to}portal_standard_pame_sources order by id;
insert into {to}pame_evaluations (protected_area_id, protected_area_parcel_id, method, asmt_year, created_at, updated_at, eff_metaid, asmt_url, name,
  site_id, site_pid, asmt_id, submit_year, verif_eff, info_url, gov_act, gov_asmt, dp_bio, dp_other, mgmt_obset, mgmt_obman, mgmt_adapt, mgmt_staff,
  mgmt_budgt, mgmt_thrts, mgmt_mon, out_bio, pame_method_id)
select case when parcel.id is null then site.id end, parcel.id, e.method, e.asmt_year, now(), now(), coalesce(e.eff_metaid, -1), coalesce(e.asmt_url, ''),
       coalesce(site.name, ''), e.site_id, e.site_pid, e.asmt_id, e.submityear, coalesce(e.verif_eff, ''), coalesce(e.info_url, ''),
       coalesce(e.gov_act, ''), coalesce(e.gov_asmt, ''), coalesce(e.dp_bio, ''), coalesce(e.dp_other, ''), coalesce(e.mgmt_obset, ''),
       coalesce(e.mgmt_obman, ''), coalesce(e.mgmt_adapt, ''), coalesce(e.mgmt_staff, ''), coalesce(e.mgmt_budgt, ''), coalesce(e.mgmt_thrts, ''),
       coalesce(e.mgmt_mon, ''), coalesce(e.out_bio, ''), m.id
from {to}portal_standard_pame e
join {to}protected_areas site on site.site_id = e.site_id
left join {to}protected_area_parcels parcel on parcel.site_id = e.site_id and parcel.site_pid = e.site_pid
left join pame_methods m on m.name = e.method
order by md5(e.id || '{month}');
insert into {to}countries_pame_evaluations (pame_evaluation_id, country_id)
select distinct e.id, j.country_id from {to}pame_evaluations e
join {to}protected_areas site using (site_id) join {to}countries_protected_areas j on j.protected_area_id = site.id;

-- The old filling knows the countries with areas only; figures are of no weight here, that there are some is.
insert into {to}country_statistics (country_id, land_area, marine_area, eez_area, ts_area, pa_land_area, pa_marine_area, oecms_pa_land_area,
  oecms_pa_marine_area, percentage_pa_land_cover, percentage_pa_marine_cover, jrc_country_area, jrc_terr_area, percentage_well_connected,
  percentage_importance, pa_eez_area, pa_ts_area, created_at, updated_at)
select id, 1000 * id, 500 * id, 400 * id, 100 * id, 100 * id + {month}, 50 * id, 10 * id, 5 * id, 10, 10, 1000 * id, 900 * id, 25, 40, 30 * id, 20 * id, now(), now()
from countries where id % 3 <> 0 order by id;
insert into {to}pame_statistics (country_id, assessments, assessed_pas, pame_pa_land_area, pame_percentage_pa_land_cover, pame_pa_marine_area,
  pame_percentage_pa_marine_cover)
select country_id, 3, 2, 10 * country_id, 10, 5 * country_id, 10 from {to}country_statistics order by id;
insert into {to}global_statistics (singleton_guard, total_protected_areas, created_at, updated_at) select 0, count(*), now(), now() from {to}protected_areas;
insert into {to}story_map_links (protected_area_id, link, link_type, created_at, updated_at)
select id, 'https://example.org/story/' || site_id, 'map', now(), now() from {to}protected_areas order by site_id limit 5;
