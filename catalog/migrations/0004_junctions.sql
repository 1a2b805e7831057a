-- Up Migration
-- Junction tables, each made only where none is there.
do $$ begin if to_regclass('public.countries_protected_areas') is null then
  create table countries_protected_areas (
    country_id integer,
    protected_area_id integer
  );
  create index index_countries_protected_areas_on_protected_area_id_and_country_id on countries_protected_areas (protected_area_id, country_id);
  create index index_countries_protected_areas_on_country_id on countries_protected_areas (country_id);
end if; end $$;

do $$ begin if to_regclass('public.countries_protected_area_parcels') is null then
  create table countries_protected_area_parcels (
    country_id bigint,
    protected_area_parcel_id bigint
  );
  create index index_countries_pa_parcels on countries_protected_area_parcels (protected_area_parcel_id, country_id);
  create index index_countries_pa_parcels_country on countries_protected_area_parcels (country_id);
end if; end $$;

do $$ begin if to_regclass('public.countries_pame_evaluations') is null then
  create table countries_pame_evaluations (
    country_id integer not null,
    pame_evaluation_id integer not null
  );
  create unique index index_countries_pame_evaluations on countries_pame_evaluations (country_id, pame_evaluation_id);
  create index index_countries_pame_evaluations_on_pame_evaluation_id on countries_pame_evaluations (pame_evaluation_id);
end if; end $$;

do $$ begin if to_regclass('public.protected_areas_sources') is null then
  create table protected_areas_sources (
    protected_area_id integer,
    source_id integer
  );
  create index index_protected_areas_sources_on_protected_area_id_and_source_id on protected_areas_sources (protected_area_id, source_id);
  create index index_protected_areas_sources_on_source_id on protected_areas_sources (source_id);
end if; end $$;

do $$ begin if to_regclass('public.protected_area_parcels_sources') is null then
  create table protected_area_parcels_sources (
    protected_area_parcel_id bigint,
    source_id bigint
  );
  create index idx_pa_parcels_sources_composite on protected_area_parcels_sources (protected_area_parcel_id, source_id);
  create index idx_pa_parcels_sources_parcel_id on protected_area_parcels_sources (protected_area_parcel_id);
  create index idx_pa_parcels_sources_source_id on protected_area_parcels_sources (source_id);
end if; end $$;
