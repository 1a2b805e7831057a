-- Published polygons: one row a parcel, attributes as labels. Labels come from the row itself.
-- An area that is no number of km² (NaN, infinite, beyond float8) is NULL here; portal_unusable_areas.sql tells of it.
-- The attributes are joined first, narrow and materialized; the geometry, about a gigabyte of it, last.
with
shapes as materialized (
  select distinct s.wdpa_id from portal_fdw.spatial_data s where s.is_polygon = 1
),
govsubtypes as materialized (
  select j.wdpa_id,
         string_agg(distinct coalesce(c.description ->> 'en', c.code), ';'
                    order by coalesce(c.description ->> 'en', c.code)) as labels
  from portal_fdw.wdpa_governance_subtypes j
  join portal_fdw.governance_subtype_cat c on c.id = j.governance_subtype_cat_id
  group by j.wdpa_id
),
ownsubtypes as materialized (
  select j.wdpa_id,
         string_agg(distinct coalesce(c.description ->> 'en', c.code), ';'
                    order by coalesce(c.description ->> 'en', c.code)) as labels
  from portal_fdw.wdpa_ownership_subtypes j
  join portal_fdw.ownership_subtype_cat c on c.id = j.ownership_subtype_cat_id
  group by j.wdpa_id
),
oecm_assessments as materialized (
  select j.wdpa_id,
         string_agg(distinct coalesce(c.description ->> 'en', c.code), ';'
                    order by coalesce(c.description ->> 'en', c.code)) as labels
  from portal_fdw.wdpa_oecm_assessments j
  join portal_fdw.oecm_assessment_cat c on c.id = j.oecm_assessment_cat_id
  group by j.wdpa_id
),
attributes as materialized (
  select
    w.id as wdpa_row_id,
    row_number() over (order by w.site_id, w.parcel_id, w.id)::int4 as ogc_fid,
    w.site_id::int4 as site_id,
    left(w.parcel_id, 52)::varchar(52) as site_pid,
    left(coalesce(site_type.description ->> 'en', site_type.code), 20) as site_type,
    left(w.english_name, 254) as name_eng,
    left(w.original_name, 254) as name,
    left(w.original_designation, 254) as desig,
    left(case when w.english_designation_id is not null
              then coalesce(desig.description ->> 'en', desig.code)
              else w.english_designation_text end, 254) as desig_eng,
    left(coalesce(desig_type.description ->> 'en', desig_type.code), 20) as desig_type,
    left(coalesce(iucn.description ->> 'en', iucn.code), 20) as iucn_cat,
    left(crit.int_crit, 100) as int_crit,
    left(coalesce(realm.description ->> 'en', realm.code), 20)::varchar(20) as realm,
    case when abs(w.reported_marine_area) between 1e-300 and 1e300 or w.reported_marine_area = 0 then w.reported_marine_area::float8 end as rep_m_area,
    case when abs(w.gis_marine_area) between 1e-300 and 1e300 or w.gis_marine_area = 0 then w.gis_marine_area::float8 end as gis_m_area,
    case when abs(w.gis_area) between 1e-300 and 1e300 or w.gis_area = 0 then w.gis_area::float8 end as gis_area,
    case when abs(w.reported_area) between 1e-300 and 1e300 or w.reported_area = 0 then w.reported_area::float8 end as rep_area,
    left(coalesce(no_take.description ->> 'en', no_take.code), 50) as no_take,
    case when abs(w.no_take_area) between 1e-300 and 1e300 or w.no_take_area = 0 then w.no_take_area::float8 end as no_tk_area,
    left(coalesce(status.description ->> 'en', status.code), 100) as status,
    w.status_year::int4 as status_yr,
    left(coalesce(gov.description ->> 'en', gov.code), 254) as gov_type,
    left(govsubtypes.labels, 254) as govsubtype,
    left(coalesce(own.description ->> 'en', own.code), 254) as own_type,
    left(ownsubtypes.labels, 254) as ownsubtype,
    left(w.management_authority, 254) as mang_auth,
    left(w.management_plan, 254) as mang_plan,
    left(coalesce(verif.description ->> 'en', verif.code), 20) as verif,
    src.originator_id::int4 as metadataid,
    parent.parent_iso3s as prnt_iso3,
    iso.iso3s as iso3,
    left(w.supplemental_info, 254) as supp_info,
    left(coalesce(objective.description ->> 'en', objective.code), 100) as cons_obj,
    left(coalesce(waters.description ->> 'en', waters.code), 100) as inlnd_wtrs,
    left(oecm_assessments.labels, 254) as oecm_asmt
  from shapes
  join portal_fdw.wdpas w on w.id = shapes.wdpa_id and w.archived_at is null
  join portal_fdw.data_restriction_levels r
    on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
  left join portal_fdw.source src on src.id = w.source_id
  left join portal_fdw.site_type_cat site_type on site_type.id = w.site_type_id
  left join portal_fdw.designation_eng_cat desig on desig.id = w.english_designation_id
  left join portal_fdw.designation_type_cat desig_type on desig_type.id = w.designation_type_id
  left join portal_fdw.iucn_category_cat iucn on iucn.id = w.iucn_category_id
  left join portal_fdw.realm_cat realm on realm.id = w.realm_id
  left join portal_fdw.no_take_cat no_take on no_take.id = w.no_take_id
  left join portal_fdw.status_cat status on status.id = w.status_id
  left join portal_fdw.governance_type_cat gov on gov.id = w.governance_type_id
  left join portal_fdw.ownership_type_cat own on own.id = w.ownership_type_id
  left join portal_fdw.verification_cat verif on verif.id = w.verification_id
  left join portal_fdw.conservation_objective_cat objective on objective.id = w.conservation_objective_id
  left join portal_fdw.inland_waters_cat waters on waters.id = w.inland_waters_id
  left join staging_portal_iso3_agg iso on iso.wdpa_id = w.site_id::int4 and iso.parcel_id = w.parcel_id
  left join staging_portal_parent_iso3_agg parent on parent.wdpa_id = w.site_id::int4 and parent.parcel_id = w.parcel_id
  left join staging_portal_int_crit_agg crit on crit.wdpa_id = w.site_id::int4 and crit.parcel_id = w.parcel_id
  left join govsubtypes on govsubtypes.wdpa_id = w.id
  left join ownsubtypes on ownsubtypes.wdpa_id = w.id
  left join oecm_assessments on oecm_assessments.wdpa_id = w.id
)
select
  a.ogc_fid,
  a.site_id,
  a.site_pid,
  a.site_type,
  a.name_eng,
  a.name,
  a.desig,
  a.desig_eng,
  a.desig_type,
  a.iucn_cat,
  a.int_crit,
  a.realm,
  a.rep_m_area,
  a.gis_m_area,
  a.gis_area,
  a.rep_area,
  a.no_take,
  a.no_tk_area,
  a.status,
  a.status_yr,
  a.gov_type,
  a.govsubtype,
  a.own_type,
  a.ownsubtype,
  a.mang_auth,
  a.mang_plan,
  a.verif,
  a.metadataid,
  a.prnt_iso3,
  a.iso3,
  a.supp_info,
  a.cons_obj,
  a.inlnd_wtrs,
  a.oecm_asmt,
  null::float8 as shape_length,
  null::float8 as shape_area,
  g.geom as wkb_geometry
from attributes a
join portal_fdw.spatial_data g on g.wdpa_id = a.wdpa_row_id and g.is_polygon = 1
