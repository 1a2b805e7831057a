-- Up Migration
-- Lookup tables. Each table is made with its indexes only where none of that name is there: a database that already
-- holds the old system's tables keeps them exactly as they are.
do $$ begin if to_regclass('public.regions') is null then
  create table regions (
    id serial primary key,
    name character varying,
    iso character varying,
    bounding_box geometry,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
end if; end $$;

do $$ begin if to_regclass('public.countries') is null then
  create table countries (
    id serial primary key,
    name text,
    iso character varying,
    iso_3 character varying,
    language character varying,
    region_id integer,
    country_id integer,
    is_biopama boolean not null default false,
    bounding_box geometry,
    land_pas_geom geometry,
    land_geom geometry,
    eez_pas_geom geometry,
    eez_geom geometry,
    ts_pas_geom geometry,
    ts_geom geometry,
    marine_pas_geom geometry,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_countries_on_iso_3 on countries (iso_3);
  create index index_countries_on_iso on countries (iso);
  create index index_countries_on_region_id on countries (region_id);
  create index index_countries_on_country_id on countries (country_id);
end if; end $$;

do $$ begin if to_regclass('public.jurisdictions') is null then
  create table jurisdictions (
    id serial primary key,
    name character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_jurisdictions_on_name on jurisdictions (name);
end if; end $$;

do $$ begin if to_regclass('public.legal_statuses') is null then
  create table legal_statuses (
    id serial primary key,
    name character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_legal_statuses_on_name on legal_statuses (name);
end if; end $$;

do $$ begin if to_regclass('public.iucn_categories') is null then
  create table iucn_categories (
    id serial primary key,
    name character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_iucn_categories_on_name on iucn_categories (name);
end if; end $$;

do $$ begin if to_regclass('public.management_authorities') is null then
  create table management_authorities (
    id serial primary key,
    name character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_management_authorities_on_name on management_authorities (name);
end if; end $$;

do $$ begin if to_regclass('public.governances') is null then
  create table governances (
    id serial primary key,
    name character varying,
    governance_type character varying,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_governances_on_name on governances (name);
end if; end $$;

do $$ begin if to_regclass('public.realms') is null then
  create table realms (
    id serial primary key,
    name character varying not null,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
end if; end $$;

do $$ begin if to_regclass('public.designations') is null then
  create table designations (
    id serial primary key,
    name character varying,
    jurisdiction_id integer,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create index index_designations_on_jurisdiction_id on designations (jurisdiction_id);
  create index index_designations_on_name on designations (name);
end if; end $$;

do $$ begin if to_regclass('public.pame_methods') is null then
  create table pame_methods (
    id serial primary key,
    name character varying not null,
    created_at timestamp without time zone not null,
    updated_at timestamp without time zone not null
  );
  create unique index index_pame_methods_on_name on pame_methods (name);
end if; end $$;
