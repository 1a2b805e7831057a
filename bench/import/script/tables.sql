-- Tables beside the live ones, bare: indexes and keys come after the load.
create schema next;
do $$
declare name text;
begin
  foreach name in array array[
    'jurisdictions', 'designations', 'legal_statuses', 'iucn_categories', 'management_authorities', 'governances', 'realms',
    'pame_methods', 'sources', 'green_list_statuses', 'no_take_statuses', 'pame_sources', 'pame_evaluations',
    'protected_areas', 'protected_area_parcels', 'countries_protected_areas', 'countries_protected_area_parcels',
    'countries_pame_evaluations', 'protected_areas_sources', 'protected_area_parcels_sources']
  loop
    execute format('create table next.%I (like public.%1$I including all excluding indexes excluding statistics)', name);
  end loop;
end $$;
