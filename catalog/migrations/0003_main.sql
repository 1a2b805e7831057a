-- Up Migration
-- Sites and parcels. wdpa_id and wdpa_pid are copies of site_id and site_pid that old bookmarks and clients still use.
do $$ begin if to_regclass('public.protected_areas') is null then
  create table protected_areas (
    id serial primary key,
    site_id integer,
    site_pid text,
    wdpa_id integer,
    wdpa_pid text,
    name text,
    original_name text,
    slug text,
    marine boolean,
    marine_type integer,
    is_oecm boolean not null default false,
    site_type character varying,
    reported_marine_area numeric,
    reported_area numeric,
    gis_marine_area numeric,
    gis_area numeric,
    parent_iso3 character varying,
    legal_status_id integer,
    legal_status_updated_at timestamp without time zone,
    iucn_category_id integer,
    governance_id integer,
    governance_subtype character varying,
    management_authority_id integer,
    management_plan text,
    no_take_status_id integer,
    designation_id integer,
    realm_id integer,
    owner_type text,
    ownership_subtype character varying,
    inland_waters character varying,
    oecm_assessment character varying,
    international_criteria character varying,
    supplementary_info character varying,
    conservation_objectives character varying,
    verif character varying,
    green_list_status_id bigint references green_list_statuses (id),
    has_irreplaceability_info boolean default false,
    has_parcc_info boolean default false,
    is_dopa boolean default false,
    the_geom geometry,
    the_geom_longitude character varying,
    the_geom_latitude character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create unique index index_protected_areas_on_site_id on protected_areas (site_id);
  create unique index index_protected_areas_on_wdpa_id on protected_areas (wdpa_id);
  create index index_protected_areas_on_site_pid on protected_areas (site_pid);
  create index index_protected_areas_on_slug on protected_areas (slug);
  create index index_protected_areas_on_site_type on protected_areas (site_type);
  create index index_protected_areas_on_governance_subtype on protected_areas (governance_subtype);
  create index index_protected_areas_on_oecm_assessment on protected_areas (oecm_assessment);
  create index index_protected_areas_on_marine on protected_areas (marine);
  create index index_protected_areas_on_is_oecm on protected_areas (is_oecm);
  create index index_protected_areas_on_legal_status_id on protected_areas (legal_status_id);
  create index index_protected_areas_on_iucn_category_id on protected_areas (iucn_category_id);
  create index index_protected_areas_on_governance_id on protected_areas (governance_id);
  create index index_protected_areas_on_management_authority_id on protected_areas (management_authority_id);
  create index index_protected_areas_on_no_take_status_id on protected_areas (no_take_status_id);
  create index index_protected_areas_on_designation_id on protected_areas (designation_id);
  create index index_protected_areas_on_realm_id on protected_areas (realm_id);
  create index index_protected_areas_on_green_list_status_id on protected_areas (green_list_status_id);
  create index index_protected_areas_on_the_geom on protected_areas using gist (the_geom);
end if; end $$;

do $$ begin if to_regclass('public.protected_area_parcels') is null then
  create table protected_area_parcels (
    id bigserial primary key,
    site_id integer,
    site_pid text,
    wdpa_id integer,
    wdpa_pid text,
    name text,
    original_name text,
    slug text,
    marine boolean,
    marine_type integer,
    is_oecm boolean not null default false,
    site_type character varying,
    reported_marine_area numeric,
    reported_area numeric,
    gis_marine_area numeric,
    gis_area numeric,
    parent_iso3 character varying,
    legal_status_id integer,
    legal_status_updated_at timestamp without time zone,
    iucn_category_id integer,
    governance_id integer,
    governance_subtype character varying,
    management_authority_id integer,
    management_plan text,
    no_take_status_id integer,
    designation_id integer,
    realm_id integer,
    owner_type character varying,
    ownership_subtype character varying,
    inland_waters character varying,
    oecm_assessment character varying,
    international_criteria character varying,
    supplementary_info character varying,
    conservation_objectives character varying,
    verif character varying,
    green_list_status_id bigint references green_list_statuses (id),
    has_irreplaceability_info boolean default false,
    has_parcc_info boolean default false,
    is_dopa boolean default false,
    the_geom geometry,
    the_geom_longitude character varying,
    the_geom_latitude character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create unique index index_protected_area_parcels_on_site_id_and_site_pid on protected_area_parcels (site_id, site_pid);
  create unique index index_protected_area_parcels_on_wdpa_id_and_wdpa_pid on protected_area_parcels (wdpa_id, wdpa_pid);
  create index index_protected_area_parcels_on_site_pid on protected_area_parcels (site_pid);
  create index index_protected_area_parcels_on_slug on protected_area_parcels (slug);
  create index index_protected_area_parcels_on_site_type on protected_area_parcels (site_type);
  create index index_protected_area_parcels_on_governance_subtype on protected_area_parcels (governance_subtype);
  create index index_protected_area_parcels_on_oecm_assessment on protected_area_parcels (oecm_assessment);
  create index index_protected_area_parcels_on_marine on protected_area_parcels (marine);
  create index index_protected_area_parcels_on_is_oecm on protected_area_parcels (is_oecm);
  create index index_protected_area_parcels_on_legal_status_id on protected_area_parcels (legal_status_id);
  create index index_protected_area_parcels_on_iucn_category_id on protected_area_parcels (iucn_category_id);
  create index index_protected_area_parcels_on_governance_id on protected_area_parcels (governance_id);
  create index index_protected_area_parcels_on_management_authority_id on protected_area_parcels (management_authority_id);
  create index index_protected_area_parcels_on_no_take_status_id on protected_area_parcels (no_take_status_id);
  create index index_protected_area_parcels_on_designation_id on protected_area_parcels (designation_id);
  create index index_protected_area_parcels_on_realm_id on protected_area_parcels (realm_id);
  create index index_protected_area_parcels_on_green_list_status_id on protected_area_parcels (green_list_status_id);
  create index index_protected_area_parcels_on_the_geom on protected_area_parcels using gist (the_geom);
end if; end $$;
