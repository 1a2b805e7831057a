-- Management-effectiveness evaluations of published sites.
with dp_bio as materialized (
  select j.pame_id,
         string_agg(distinct coalesce(c.description ->> 'en', c.code), ';'
                    order by coalesce(c.description ->> 'en', c.code)) as labels
  from portal_fdw.pame_designation_purpose_biodiversity_cats j
  join portal_fdw.designation_purpose_biodiversity_cat c on c.id = j.designation_purpose_biodiversity_cat_id
  group by j.pame_id
),
published as (
  -- By key, spaces at its ends aside: the importer prefers the parcel with exactly the same. And by site alone, for records
  -- without a parcel_id: those are of the site as a whole.
  select w.site_id, unnest(array[trim(w.parcel_id), '']) as parcel_id
  from portal_fdw.wdpas w
  join portal_fdw.data_restriction_levels r
    on r.id = w.data_restriction_level_id and r.code in ('not restricted', 'commercial restriction')
  where w.archived_at is null
)
select
  p.id::int8 as id,
  p.asmt_id::int8 as asmt_id,
  s.eff_metaid::int8 as eff_metaid,
  p.site_id::int8 as site_id,
  left(p.parcel_id, 52) as site_pid,
  left(case when method.id is not null then coalesce(method.description ->> 'en', method.code) else p.method_text end, 255)
    as method,
  p.submit_year::int4 as submityear,
  p.asmt_year::int4 as asmt_year,
  left(coalesce(verif_eff.description ->> 'en', verif_eff.code), 255) as verif_eff,
  left(coalesce(gov_act.description ->> 'en', gov_act.code), 255) as gov_act,
  left(coalesce(gov_asmt.description ->> 'en', gov_asmt.code), 255) as gov_asmt,
  left(dp_bio.labels, 255) as dp_bio,
  left(coalesce(dp_other.description ->> 'en', dp_other.code), 255) as dp_other,
  left(coalesce(mgmt_obset.description ->> 'en', mgmt_obset.code), 255) as mgmt_obset,
  left(coalesce(mgmt_obman.description ->> 'en', mgmt_obman.code), 255) as mgmt_obman,
  left(coalesce(mgmt_adapt.description ->> 'en', mgmt_adapt.code), 255) as mgmt_adapt,
  left(coalesce(mgmt_staff.description ->> 'en', mgmt_staff.code), 255) as mgmt_staff,
  left(coalesce(mgmt_budgt.description ->> 'en', mgmt_budgt.code), 255) as mgmt_budgt,
  left(coalesce(mgmt_thrts.description ->> 'en', mgmt_thrts.code), 255) as mgmt_thrts,
  left(coalesce(mgmt_mon.description ->> 'en', mgmt_mon.code), 255) as mgmt_mon,
  left(coalesce(out_bio.description ->> 'en', out_bio.code), 255) as out_bio,
  left(p.asmt_url, 500) as asmt_url,
  left(p.info_url, 500) as info_url
from portal_fdw.pame p
join portal_fdw.pame_sources s on s.id = p.pame_source_id
left join portal_fdw.method_cat method on method.id = p.method_id
left join dp_bio on dp_bio.pame_id = p.id
left join portal_fdw.verification_effectiveness_cat verif_eff on verif_eff.id = p.verification_effectiveness_id
left join portal_fdw.governance_action_cat gov_act on gov_act.id = p.governance_action_id
left join portal_fdw.governance_assessment_cat gov_asmt on gov_asmt.id = p.governance_assessment_id
left join portal_fdw.designation_purpose_other_cat dp_other on dp_other.id = p.designation_purpose_other_id
left join portal_fdw.management_objectives_set_cat mgmt_obset on mgmt_obset.id = p.management_objectives_set_id
left join portal_fdw.management_objectives_managed_cat mgmt_obman on mgmt_obman.id = p.management_objectives_managed_id
left join portal_fdw.management_adaptation_cat mgmt_adapt on mgmt_adapt.id = p.management_adaptation_id
left join portal_fdw.management_staff_cat mgmt_staff on mgmt_staff.id = p.management_staff_id
left join portal_fdw.management_budget_cat mgmt_budgt on mgmt_budgt.id = p.management_budget_id
left join portal_fdw.management_threats_cat mgmt_thrts on mgmt_thrts.id = p.management_threats_id
left join portal_fdw.management_monitoring_cat mgmt_mon on mgmt_mon.id = p.management_monitoring_id
left join portal_fdw.outcomes_biodiversity_cat out_bio on out_bio.id = p.outcomes_biodiversity_id
where p.archived_at is null
  and exists (
    -- The site must be published; asked as a semi-join, because a site with two active rows must not double its records.
    select from published where site_id = p.site_id and parcel_id = coalesce(trim(p.parcel_id), '')
  )
